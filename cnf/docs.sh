#!/bin/sh
# Writes target/docs: Javadoc of the contracts, rustdoc of the guest's init, a reference of the guest protocol. A warning
# is a failure.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
. "$root/cnf/setup.sh"
begin docs
need mvn maven
need_rust
install_missing
docs=$root/target/docs
rm -rf "$docs"
mkdir -p "$docs" || exit 1

step 'Javadoc'
modules=
set --
for api in "$root"/bundles/*.api; do
  modules="$modules${modules:+,}bundles/${api##*/}"
  set -- "$@" "$api/src/main/java"
done
source_path=$(IFS=: && printf '%s' "$*")
maven compile dependency:copy-dependencies -pl "$modules" -am -Dspotless.check.skip -DincludeScope=compile \
  -DexcludeGroupIds=io.caisson -DoutputDirectory="$root/target/docs-libraries" ||
  fail "the build failed; all of its output: $log"
"${java_home:?}/bin/javadoc" -quiet -Xdoclint:all,-missing -Werror -public -encoding UTF-8 -doctitle Caisson -windowtitle Caisson \
  -d "$docs/java" -sourcepath "$source_path" -classpath "$root/target/docs-libraries/*" -subpackages io.caisson \
  >"$log" 2>&1 || { cat "$log" >&2; fail 'the Javadoc has faults'; }

step 'rustdoc'
"$root/guest/build" --prepare || fail 'the guest cannot be built here'
RUSTDOCFLAGS='--deny warnings' PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin \
  cargo doc --quiet --locked --no-deps --document-private-items --manifest-path "$root/guest/Cargo.toml" \
  --target-dir "$root/target/rustdoc" || fail 'the documentation of the guest has faults'
cp -R "$root/target/rustdoc/doc" "$docs/rust"

step 'the guest protocol'
cp "$root/guest/proto/caisson/guest/v1/guest.proto" "$docs/guest.proto"
awk -f "$root/cnf/proto.awk" "$docs/guest.proto" >"$docs/guest.html" || fail 'the protocol cannot be read'

cat >"$docs/index.html" <<'EOF'
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Caisson</title>
<h1>Caisson</h1>
<ul>
  <li><a href="java/index.html">The contracts</a>: what providers implement and products call (Javadoc)</li>
  <li><a href="guest.html">The guest protocol</a>, from <a href="guest.proto">guest.proto</a></li>
  <li><a href="rust/caisson_init/index.html">The guest's init</a> (rustdoc)</li>
</ul>
EOF
step "written: $docs/index.html"
