# Writes a .proto file as a page of HTML: the file's header, each call, message and enumeration with its comment.
# Understands what guest/proto uses: line comments above what they describe, one field on a line.

function escape(text) {
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/>/, "\\&gt;", text)
  return text
}

function link(type) {
  return type ~ /^[A-Z]/ ? "<a href=\"#" type "\">" type "</a>" : type
}

function comment(  text) {
  text = escape(described)
  described = ""
  return text
}

function row(first, second, third) {
  if (!table) print "<table>"
  table = 1
  print "<tr><td>" first "</td><td>" second "</td><td>" third "</td></tr>"
}

BEGIN {
  print "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>The guest protocol</title>"
  print "<style>body { max-width: 60em; margin: 2em auto; font-family: sans-serif } td { vertical-align: top;"
  print "padding: .2em 1em .2em 0 } td:nth-child(-n+2) { white-space: nowrap; font-family: monospace }</style>"
  print "<h1>The guest protocol</h1>"
}

{ sub(/^ +/, "") }

/^syntax/ {
  print "<pre>" comment() "</pre>"
  next
}

/^\/\// {
  sub(/^\/\/ ?/, "")
  described = described (described == "" ? "" : after_header ? " " : "\n") $0
  next
}

/^package/ {
  after_header = 1
  print "<p>Package <code>" substr($2, 1, length($2) - 1) "</code></p>"
}

/^(package|option) / || /^$/ {
  described = ""
  next
}

/^(service|message|enum) / {
  if (table) print "</table>"
  table = 0
  kind[++depth] = $1
  level = depth + 1
  print "<h" level " id=\"" $2 "\">" $1 " " $2 "</h" level ">"
  if (described != "") print "<p>" comment() "</p>"
  if (/}$/) depth--
  next
}

/^oneof / {
  kind[++depth] = $1
  row("one of", $2, comment())
  next
}

/^rpc / {
  split($0, part, /[ ();]+/)
  row(part[2], link(part[3]) " → " link(part[5]), comment())
  next
}

/^}/ {
  if (kind[depth--] != "oneof" && table) {
    print "</table>"
    table = 0
  }
  next
}

# "Type name = 1;" in a message, "NAME = 1;" in an enumeration
/=/ {
  sub(/;.*/, "")
  n = split($0, part, / +/)
  type = ""
  for (i = 1; i < n - 2; i++) type = type (i == 1 ? "" : " ") link(part[i])
  if (type == "") row(part[n], part[n - 2], comment())
  else row(type, part[n - 2] " = " part[n], comment())
  next
}

{
  print "proto.awk: cannot read line " FNR ": " $0 >"/dev/stderr"
  exit 1
}
