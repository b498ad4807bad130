# The verbs people know from the original; each does its work elsewhere.

.PHONY: all test integration protos docs serve-docs fetch-default-kernel cross-prep clean help

export root = $(CURDIR)
SETUP = . cnf/setup.sh && begin $@
CARGO = PATH="$$PATH:$${CARGO_HOME:-$$HOME/.cargo}/bin" cargo

# The distribution in distribution/target/caisson.
all:
	./caisson --version

# Unit tests, without virtual machines.
test:
	./verify -DskipITs

# All tests.
integration:
	./verify

# Both sides of guest/proto: the Java classes and the Rust module. Neither is kept in the repository.
protos:
	$(SETUP) && need mvn maven && need_rust && install_missing && \
	  maven process-classes -pl bundles/io.caisson.guest.grpc.provider -am -Dspotless.check.skip
	guest/build --prepare
	$(CARGO) check --locked --manifest-path guest/Cargo.toml

# Javadoc, rustdoc and a reference of the .proto in target/docs.
docs:
	cnf/docs.sh

# The same on http://127.0.0.1:8000/
serve-docs: docs
	. cnf/setup.sh && find_java jwebserver && exec "$$java_home/bin/jwebserver" -b 127.0.0.1 -p 8000 -d "$$root/target/docs"

# The default kernel, from kernel/prebuilt or from source.
fetch-default-kernel:
	mkdir -p target && kernel/build -o target/vmlinux.gz && echo target/vmlinux.gz

# The toolchain of the guest.
cross-prep:
	guest/build --prepare

# Removes what was built; leaves what was downloaded or built for later in ~/.m2, ~/.cargo and ~/.cache/caisson.
clean:
	find . -name .git -prune -o -type d -name target -prune -exec rm -rf {} +

# Lists these verbs.
help:
	@sed -n '/^# /{s/^# //;h;n;/^[a-z-]*:/{s/:.*//;G;s/\n/ /;p}}' Makefile | \
	  while read -r verb text; do printf '%-22s%s\n' "$$verb" "$$text"; done
