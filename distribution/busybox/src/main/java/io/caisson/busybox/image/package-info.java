/** Makes, at build time, the busybox image that ships with the distribution. No part of the product itself. */
package io.caisson.busybox.image;
