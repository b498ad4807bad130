#!/bin/sh
# Writes target/docs: Javadoc of every bundle's public types, rustdoc of the guest, and the guest protocol's reference,
# which is the rustdoc of the module generated from guest/proto with its comments.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
. "$root/cnf/setup.sh"
begin docs
docs=$root/target/docs
mkdir -p "$docs" || exit 1

step 'Javadoc'
maven package -DskipTests -Dspotless.check.skip || fail "the build failed; all of its output: $log"
set --
for sources in "$root"/bundles/*/src/main/java "$root"/bundles/*/target/generated-sources/protobuf; do
  [ -d "$sources" ] && set -- "$@" "$sources"
done
source_path=$(IFS=: && printf '%s' "$*")
class_path=$(find "$root/distribution/target/caisson/bundle" "$root/distribution/target/classpath" -name '*.jar' \
  2>/dev/null | tr '\n' ':')
"${java_home:?}/bin/javadoc" -quiet -Xdoclint:none -d "$docs/java" -sourcepath "$source_path" -classpath "$class_path" \
  -subpackages io.caisson -doctitle 'Caisson' -windowtitle 'Caisson' >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; fail "javadoc failed; all of its output: $log"; }

step 'rustdoc and the protocol'
cargo doc --quiet --locked --no-deps --document-private-items --manifest-path "$root/guest/Cargo.toml" \
  --target-dir "$root/target/rustdoc" || fail 'rustdoc failed'
rm -rf "$docs/rust"
cp -R "$root/target/rustdoc/doc" "$docs/rust"
cp "$root/guest/proto/caisson/guest/v1/guest.proto" "$docs/guest.proto"

cat >"$docs/index.html" <<'EOF'
<!DOCTYPE html>
<meta charset="utf-8">
<title>Caisson</title>
<h1>Caisson</h1>
<ul>
  <li><a href="java/index.html">Javadoc</a></li>
  <li><a href="rust/caisson_init/index.html">The guest's init</a></li>
  <li>The guest protocol: <a href="rust/caisson_init/proto/index.html">messages and calls</a>,
    <a href="guest.proto">guest.proto</a></li>
</ul>
EOF
step "written: $docs/index.html"
