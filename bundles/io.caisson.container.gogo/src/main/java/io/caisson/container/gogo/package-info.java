/** Shell commands on containers. */
package io.caisson.container.gogo;
