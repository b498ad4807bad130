/** A kernel provider as a third party would write it. */
package com.example.kernel;
