# shellcheck shell=sh
# Sourced: find_java PROGRAM sets java_home to a Java of version 25 or newer that has PROGRAM (java, or javac where
# something is to be compiled), or says what there is instead and fails.

# Sets java_version to what the file "release" of the Java home in $1 says, without starting it; empty: there is none.
read_java_version() {
  java_version=
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 0
  while IFS='=' read -r java_key java_value; do
    if [ "$java_key" = JAVA_VERSION ]; then
      java_value=${java_value#\"}
      java_version=${java_value%\"}
      return
    fi
  done <"$1/release"
}

# Succeeds when the Java home in $1 is new enough and has the program $2; notes in java_found what else it is.
is_java_home() {
  read_java_version "$1"
  if [ -z "$java_version" ]; then
    return 1
  fi
  java_major=${java_version%%[!0-9]*}
  if [ "${java_major:-0}" -lt 25 ]; then
    java_fault="is version $java_version"
  elif [ -x "$1/bin/$2" ]; then
    return 0
  else
    java_fault="has no $2"
  fi
  [ -L "$1" ] || java_found="$java_found; $1 $java_fault"
  return 1
}

find_java() {
  java_found=
  java_home=${JAVA_HOME:-}
  [ -n "$java_home" ] && is_java_home "$java_home" "$1" && return
  if java_home=$(command -v java); then
    [ -L "$java_home" ] && java_home=$(readlink -f "$java_home")
    java_home=${java_home%/bin/java}
    is_java_home "$java_home" "$1" && return
  fi
  for java_home in "${CAISSON_JVMS:-/usr/lib/jvm}"/* "${SDKMAN_DIR:-${HOME:-/nowhere}/.sdkman}"/candidates/java/*; do
    is_java_home "$java_home" "$1" && return
  done
  printf 'caisson: needs a JDK 25 or newer: install one, such as temurin-25-jdk, or set JAVA_HOME to it%s\n' \
    "${java_found:+ (}${java_found#; }${java_found:+)}" >&2
  return 1
}
