/**
 * What the shell commands of all domains are written with: the declaration of a command line and its parsing, values
 * for lists and single things, and their rendering as tables or JSON. Pure computation; values are immutable.
 */
@Export
@Version("1.0.0")
package io.caisson.shell.library;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
