/** Shell commands about Caisson itself: its providers and its host. */
package io.caisson.system.gogo;
