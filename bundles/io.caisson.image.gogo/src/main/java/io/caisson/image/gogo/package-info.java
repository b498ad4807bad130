/** Shell commands on images. */
package io.caisson.image.gogo;
