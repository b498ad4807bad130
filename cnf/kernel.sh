# shellcheck shell=sh
# Sourced by ./verify after setup.sh: when the kernel has to be compared with a build of its source.
#
# A clean clone does not know what changed since the last comparison, so the machine remembers: a hash over kernel/ and
# the compiler for each state that was compared.

kernel_cache=${CAISSON_KERNEL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nowhere}/.cache}/caisson/kernel}

kernel_state() {
  {
    (cd "${root:?}/kernel" && find . -type f ! -name README.md -exec sha256sum {} + | LC_ALL=C sort)
    gcc --version 2>/dev/null
    ld --version 2>/dev/null
  } | sha256sum | cut -d ' ' -f 1
}

is_kernel_verified() {
  grep -qxF "$(kernel_state)" "$kernel_cache/verified" 2>/dev/null
}

note_kernel_verified() {
  kernel_state >>"$kernel_cache/verified" || fail "cannot write to $kernel_cache/verified"
}

need_kernel_tools() {
  need make build-essential
  for tool in bc bison flex patch; do
    need $tool $tool
  done
  need xz xz-utils
  [ -e /usr/include/gelf.h ] || missing_packages="${missing_packages:-} libelf-dev"
}

kernel_field() {
  sed -n "s/^$1 *= *//p" "$root/kernel/source"
}

# Whether kernel/build can find the pinned source: here, earlier, with apt, or in the archive of Debian's packages, which
# has it when Debian has moved on.
is_kernel_source_there() {
  [ -e "$kernel_cache/$(kernel_field tarball_sha256).tar.xz" ] || [ -e "/usr/src/$(kernel_field tarball)" ] ||
    apt-get download --print-uris "$(kernel_field package)=$(kernel_field package_version)" >/dev/null 2>&1 ||
    curl -fsIL --max-time 20 "$(kernel_field package_url)" >/dev/null 2>&1
}
