/** Measurements, each beside the thing it is compared with, interleaved in one run. */
package io.caisson.itest.bench;
