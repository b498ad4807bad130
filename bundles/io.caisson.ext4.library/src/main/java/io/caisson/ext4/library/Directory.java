package io.caisson.ext4.library;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A directory's names, in the order they came. Small ones are searched from end to end, others through an index. */
final class Directory {
    private static final int INDEXED_FROM = 9;
    private static final int TOMBSTONE = -1;

    /** Differs between runs, so that nobody can choose names that collide; what is written does not depend on it. */
    private static final int SEED = (int) ((System.nanoTime() * 0x9E3779B97F4A7C15L) >>> 32);

    /** The directory this one is in; the root is in itself. */
    final Inode parent;

    private @Nullable Ext4Entry[] slots = {};
    private int used;
    private int live;

    /** Open addressing: slot number plus one, 0 for free, or a tombstone. */
    private int[] index = {};

    private int indexed;

    Directory(Inode parent) {
        this.parent = parent;
    }

    int size() {
        return live;
    }

    /** How many slots there are; some are empty. */
    int slots() {
        return used;
    }

    @Nullable
    Ext4Entry slot(int number) {
        return slots[number];
    }

    @Nullable
    Ext4Entry find(byte[] name) {
        int slot = findSlot(name);
        return slot < 0 ? null : slots[slot];
    }

    private int findSlot(byte[] name) {
        if (index.length == 0) {
            for (int i = 0; i < used; i++) {
                Ext4Entry entry = slots[i];
                if (entry != null && Arrays.equals(entry.name, name)) {
                    return i;
                }
            }
            return -1;
        }
        int position = findPosition(name);
        return position < 0 ? -1 : index[position] - 1;
    }

    private int findPosition(byte[] name) {
        int mask = index.length - 1;
        for (int at = hash(name) & mask; index[at] != 0; at = at + 1 & mask) {
            if (index[at] != TOMBSTONE) {
                Ext4Entry entry = slots[index[at] - 1];
                if (entry != null && Arrays.equals(entry.name, name)) {
                    return at;
                }
            }
        }
        return -1;
    }

    /** Adds a name that is not here. */
    void add(Ext4Entry entry) {
        if (used == slots.length) {
            if (live < used / 2) {
                compact();
            } else {
                slots = Arrays.copyOf(slots, Math.max(4, used + used / 2));
            }
        }
        slots[used++] = entry;
        live++;
        if (index.length != 0 && (indexed + 1) * 2 <= index.length) {
            insert(entry.name, used);
        } else if (used >= INDEXED_FROM) {
            reindex();
        }
    }

    /** Removes a name and returns what it named; null when it is not here. */
    @Nullable
    Ext4Entry remove(byte[] name) {
        int slot;
        if (index.length == 0) {
            slot = findSlot(name);
            if (slot < 0) {
                return null;
            }
        } else {
            int position = findPosition(name);
            if (position < 0) {
                return null;
            }
            slot = index[position] - 1;
            index[position] = TOMBSTONE;
        }
        Ext4Entry entry = slots[slot];
        slots[slot] = null;
        live--;
        return entry;
    }

    private void compact() {
        int to = 0;
        for (int i = 0; i < used; i++) {
            Ext4Entry entry = slots[i];
            if (entry != null) {
                slots[to++] = entry;
            }
        }
        Arrays.fill(slots, to, used, null);
        used = to;
        reindex();
    }

    private void reindex() {
        indexed = 0;
        if (used < INDEXED_FROM) {
            index = new int[0];
            return;
        }
        index = new int[Integer.highestOneBit(Math.max(used, 8)) * 4];
        for (int i = 0; i < used; i++) {
            Ext4Entry entry = slots[i];
            if (entry != null) {
                insert(entry.name, i + 1);
            }
        }
    }

    private void insert(byte[] name, int value) {
        int mask = index.length - 1;
        int at = hash(name) & mask;
        while (index[at] != 0) {
            at = at + 1 & mask;
        }
        index[at] = value;
        indexed++;
    }

    private static int hash(byte[] name) {
        int hash = SEED;
        for (byte b : name) {
            hash = (hash ^ b) * 0x9E3779B1;
            hash ^= hash >>> 15;
        }
        return hash;
    }
}
