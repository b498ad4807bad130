package io.caisson.vm.api;

import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;

/**
 * What a guest does that was booted without any device but its console: it puts all of its state into its memory, prints
 * a line on the console and halts. Another machine whose memory is a copy of that goes on from there, with devices of
 * its own, when its first processor enters it as a kernel is entered (on amd64 by PVH: 32-bit protected mode, flat
 * segments, no paging, no interrupts). All processors but the first are off.
 *
 * <p>Of the memory below 1 MiB the 64 KiB from the entry on are the guest's, and, where there are several processors, those
 * from 0x90000 on, which start through them; the rest may be firmware's. Who keeps the memory keeps the guest's secrets.
 *
 * @param mark the line
 * @param entry the physical address where it goes on, a multiple of 4096
 */
public record Standstill(String mark, long entry) {
    /** Checks both. */
    public Standstill {
        if (mark.isBlank() || entry < 0 || entry % 4096 != 0) {
            throw new CaissonException(
                    ErrorKind.INVALID_ARGUMENT,
                    "not a standstill: '" + mark + "', going on at 0x" + Long.toHexString(entry));
        }
    }
}
