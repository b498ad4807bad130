# The verbs people know from the original; each does its work elsewhere.

.PHONY: all test integration protos docs serve-docs fetch-default-kernel cross-prep clean

MAVEN = . cnf/setup.sh && find_java && JAVA_HOME=$$java_home mvn -B -ntp
export root = $(CURDIR)

# The distribution in distribution/target/caisson.
all:
	./caisson --version

# Unit tests, without virtual machines.
test:
	./verify -DskipITs

# All tests.
integration:
	./verify

# Both sides of guest/proto: the Java classes and the Rust module.
protos:
	$(MAVEN) -q -pl bundles/io.caisson.guest.grpc.provider -am generate-sources
	cargo check --manifest-path guest/Cargo.toml --locked

# Javadoc, rustdoc and a reference of the .proto in target/docs.
docs:
	cnf/docs.sh

# The same on http://127.0.0.1:8000/
serve-docs: docs
	. cnf/setup.sh && find_java && $$java_home/bin/jwebserver -b 127.0.0.1 -p 8000 -d $(CURDIR)/target/docs

# The default kernel, from kernel/prebuilt or from source.
fetch-default-kernel:
	mkdir -p target && kernel/build -o target/vmlinux.gz

# The toolchain of the guest.
cross-prep:
	guest/build --prepare

clean:
	$(MAVEN) -q clean
	cargo clean --manifest-path guest/Cargo.toml
	rm -rf target
