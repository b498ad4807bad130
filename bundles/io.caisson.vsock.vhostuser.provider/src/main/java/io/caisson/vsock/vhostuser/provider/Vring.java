package io.caisson.vsock.vhostuser.provider;

import io.caisson.host.linux.ffm.ClosedDescriptorException;
import io.caisson.host.linux.ffm.Descriptor;
import io.caisson.host.linux.ffm.Epoll;
import io.caisson.host.linux.ffm.EventFd;
import io.caisson.host.linux.ffm.Interest;
import io.caisson.virtio.library.GuestMemory;
import io.caisson.virtio.library.SplitVirtqueue;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One of the device's queues: what the monitor has told of it, and the virtqueue itself while it runs. Changed by the
 * device thread alone, under the device lock; the receive queue's is used under that lock too.
 */
final class Vring implements AutoCloseable {
    private final int index;
    private final String name;
    private final Epoll epoll;
    private int size;
    private int base;
    private SplitVirtqueue.@Nullable Addresses addresses;
    private @Nullable Descriptor kick;
    private @Nullable EventFd call;
    private boolean enabled;
    private @Nullable SplitVirtqueue queue;

    /** @param index comes back as the token of this ring's kicks */
    Vring(int index, String name, Epoll epoll) {
        this.index = index;
        this.name = name;
        this.epoll = epoll;
    }

    /** The virtqueue, while it runs. */
    @Nullable
    SplitVirtqueue queue() {
        return queue;
    }

    /** Where the next start goes on, or where the queue is. */
    int base() {
        SplitVirtqueue running = queue;
        return running == null ? base : running.nextAvail();
    }

    void size(int value) throws IOException {
        requireStopped();
        SplitVirtqueue.checkSize(name, value);
        size = value;
    }

    void base(int value) throws IOException {
        requireStopped();
        if (value < 0 || value > 0xffff) {
            throw new IOException(name + " would begin at " + Integer.toUnsignedString(value));
        }
        base = value;
    }

    private void requireStopped() throws IOException {
        if (queue != null) {
            throw new IOException(name + " is running");
        }
    }

    void addresses(SplitVirtqueue.Addresses value) {
        detach();
        addresses = value;
    }

    void enabled(boolean value) {
        enabled = value;
    }

    /** Takes the descriptor over, whatever happens; null ends the notifications. */
    void kick(@Nullable Descriptor value) throws IOException {
        Descriptor old = kick;
        kick = value;
        if (old != null) {
            // The monitor has a duplicate: closing ours alone would leave it watched.
            epoll.remove(old);
            old.close();
        }
        if (value != null) {
            // Edge-triggered, so that the counter need not be read back to zero. A kick that came before counts.
            epoll.add(value, Interest.READ.edgeTriggered(), index);
        }
    }

    /** Takes the descriptor over, whatever happens; null means that the driver looks by itself. */
    void call(@Nullable Descriptor value) throws IOException {
        EventFd old = call;
        call = null;
        if (old != null) {
            old.close();
        }
        if (value != null) {
            try {
                call = EventFd.adopt(value);
            } catch (IOException e) {
                value.close();
                throw e;
            }
            if (queue != null) {
                // Interrupts may have gone to the descriptor that this one replaces: a needless one does no harm.
                call.signal();
            }
        }
    }

    /** Runs or stops the queue, as what is known of it says. */
    void update(@Nullable GuestMemory memory, long features) throws IOException {
        boolean run = enabled && memory != null && size > 0 && addresses != null && kick != null;
        if (run && queue == null) {
            attach(memory, features);
        } else if (!run) {
            detach();
        }
    }

    private void attach(@Nullable GuestMemory memory, long features) throws IOException {
        if (memory != null && addresses != null) {
            queue = new SplitVirtqueue(name, size, memory, addresses, features, base);
        }
    }

    /** Stops the queue; it goes on from the same place unless told another. */
    void detach() {
        base = base();
        queue = null;
    }

    /** Interrupts the driver if it wants to know of what was completed. */
    void announce() {
        SplitVirtqueue running = queue;
        if (running != null && running.mustInterrupt() && call != null) {
            try {
                call.signal();
            } catch (ClosedDescriptorException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        detach();
        if (kick != null) {
            kick.close();
            kick = null;
        }
        if (call != null) {
            call.close();
            call = null;
        }
    }
}
