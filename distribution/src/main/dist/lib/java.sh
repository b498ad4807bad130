# shellcheck shell=sh
# Sourced: find_java sets java_home to a JDK of version 25 or newer, or says what is missing and fails.

# Succeeds when the Java home in $1 is 25 or newer: its file "release" says so without starting it.
is_java_25() {
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
  while IFS='=' read -r key value; do
    if [ "$key" = JAVA_VERSION ]; then
      value=${value#\"}
      value=${value%%[!0-9]*}
      [ "${value:-0}" -ge 25 ]
      return
    fi
  done <"$1/release"
  return 1
}

find_java() {
  for java_home in "${JAVA_HOME:-/nowhere}" /usr/lib/jvm/*25* \
    "${SDKMAN_DIR:-${HOME:-/nowhere}/.sdkman}"/candidates/java/* /usr/lib/jvm/*; do
    is_java_25 "$java_home" && return
  done
  java_home=$(command -v java) && java_home=$(readlink -f "$java_home") && java_home=${java_home%/bin/java} &&
    is_java_25 "$java_home" && return
  printf 'caisson: needs a JDK 25: install one (such as temurin-25-jdk) or set JAVA_HOME to it\n' >&2
  return 1
}
