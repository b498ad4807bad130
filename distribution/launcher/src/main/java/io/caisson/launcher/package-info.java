/**
 * Starts the Felix framework with the bundles of the distribution's features and hands one command line to the service
 * that takes it. It knows no bundle by name and no class of any.
 */
package io.caisson.launcher;
