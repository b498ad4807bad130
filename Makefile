# The verbs people know; each does its work elsewhere.
.PHONY: all test integration protos docs serve-docs fetch-default-kernel cross-prep clean

all: ; ./caisson --version
test: ; ./verify -DskipITs
integration: ; ./verify
