/** The command line on top of Gogo: one command from the operating system's shell, or an interactive shell. */
package io.caisson.shell.gogo;
