# shellcheck shell=sh
# Sourced by ./caisson and ./verify with $root set: installs what is missing and builds what is not built.

# shellcheck source=distribution/src/main/dist/lib/java.sh
. "${root:?}/distribution/src/main/dist/lib/java.sh"

step() {
  printf '==> %s\n' "$*" >&2
}

fail() {
  printf 'caisson: %s\n' "$*" >&2
  exit 125
}

# need PROGRAM PACKAGE: notes the Debian package of a program that is not there.
missing_packages=
need() {
  for directory in /usr/sbin /sbin; do
    [ -x "$directory/$1" ] && return
  done
  command -v "$1" >/dev/null 2>&1 || missing_packages="$missing_packages $2"
}

# The image that ships is made from a static busybox; the package busybox has a dynamic one in the same place.
need_busybox() {
  # The name of its loader stands near the beginning of a dynamic program.
  if [ ! -x /bin/busybox ] || head -c 4096 /bin/busybox | grep -q ld-linux; then
    missing_packages="$missing_packages busybox-static"
  fi
}

# Rust by rustup, or Debian's newer one beside its stable one.
need_rust() {
  [ -x "${CARGO_HOME:-${HOME:-/nowhere}/.cargo}/bin/cargo" ] ||
    need cargo 'cargo-web rustc-web rustfmt-web rust-web-clippy'
  need gcc 'gcc libc6-dev'
}

# Installs the packages noted, when that can be done without asking; otherwise says how to.
install_missing() {
  [ -n "$missing_packages" ] || return 0
  install="apt-get install -y --no-install-recommends$missing_packages"
  if ! command -v apt-get >/dev/null 2>&1; then
    fail "needs these Debian packages, or what your system calls them:$missing_packages"
  elif [ "$(id -u)" = 0 ]; then
    sudo=
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo='sudo -n'
  else
    fail "some packages are missing; install them as root and try again:
  apt-get update && $install"
  fi
  step "installing$missing_packages"
  # shellcheck disable=SC2086 # Words by intention.
  if ! {
    $sudo env DEBIAN_FRONTEND=noninteractive $install ||
      { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $install; }
  } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail "cannot install$missing_packages (all of it: $log)"
  fi
}

# maven ARGUMENT…: runs Maven, shows the modules as they are built, and the errors when it fails.
maven() {
  find_java javac || exit 125
  JAVA_HOME=$java_home
  export JAVA_HOME
  rm -f "$log.failed"
  {
    (cd "$root" && mvn -B -ntp "$@" 2>&1) || : >"$log.failed"
  } | tee "$log" | sed -u -n -e 's/^\[INFO\] Building \(.* \[[0-9]*\/[0-9]*\]\)$/    \1/p' \
    -e '/^\[ERROR\]/p' -e 's/^\[INFO\] \(Tests run:.*\)/    \1/p' >&2
  [ ! -e "$log.failed" ]
}

# One build at a time, whoever starts it; what it prints goes to a file beside.
begin() {
  mkdir -p "$root/target" || fail "cannot write to $root: build as the owner of this checkout"
  log=$root/target/$1.log
  exec 9>"$root/target/build.lock"
  flock -n 9 && return
  step 'waiting for another build to end'
  flock 9 || fail "cannot lock $root/target/build.lock"
}

distribution=$root/distribution/target/caisson

# Whether the distribution is there and newer than everything it is made of.
is_built() {
  [ -e "$distribution/lib/caisson.aot" ] || return 1
  [ -z "$(find "$root/bundles" "$root/distribution" "$root/features" "$root/guest" "$root/kernel" "$root/cnf" \
    "$root/pom.xml" "$root/bnd.bnd" \( -name target -o -path '*/src/test' \) -prune \
    -o -type f ! -name '*.md' -newer "$distribution/lib/caisson.aot" -print -quit)" ]
}
