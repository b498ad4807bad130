package io.caisson.ext4.library;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Extended attributes (attributes.rst): as many as fit into the inode, the others in one block. Values in inodes of
 * their own (feature ea_inode) are not written: attributes that need them are refused.
 */
final class ExtendedAttributes {
    private static final int MAGIC = 0xEA020000;

    /** {@code struct ext4_xattr_ibody_header}. */
    private static final int INODE_HEADER_SIZE = 4;

    /** {@code struct ext4_xattr_header}. */
    private static final int BLOCK_HEADER_SIZE = 32;

    private static final int H_REFCOUNT = 0x4;
    private static final int H_BLOCKS = 0x8;
    private static final int H_HASH = 0xC;
    private static final int H_CHECKSUM = 0x10;

    /** {@code struct ext4_xattr_entry} without the name. */
    private static final int ENTRY_SIZE = 16;

    private static final int E_NAME_LEN = 0x0;
    private static final int E_NAME_INDEX = 0x1;
    private static final int E_VALUE_OFFS = 0x2;
    private static final int E_VALUE_SIZE = 0x8;
    private static final int E_HASH = 0xC;

    /** Four zero bytes end the entries. */
    private static final int END_SIZE = 4;

    private static final int INODE_ROOM = InodeRecord.SIZE - InodeRecord.EXTENDED - INODE_HEADER_SIZE - END_SIZE;

    private static final String ACL_ACCESS = "system.posix_acl_access";
    private static final String ACL_DEFAULT = "system.posix_acl_default";

    private ExtendedAttributes() {}

    /** An attribute as it is stored: the namespace's number, the name after the namespace, the value. */
    private static final class Attribute {
        /** The order the kernel expects in a block. */
        static final Comparator<Attribute> ORDER = (one, other) -> {
            int order = Integer.compare(one.index, other.index);
            if (order == 0) {
                order = Integer.compare(one.name.length, other.name.length);
            }
            return order == 0 ? Arrays.compareUnsigned(one.name, other.name) : order;
        };

        final int index;
        final byte[] name;
        final byte[] value;

        Attribute(int index, byte[] name, byte[] value) {
            this.index = index;
            this.name = name;
            this.value = value;
        }

        int size() {
            return ENTRY_SIZE + round(name.length) + round(value.length);
        }

        /** {@code ext4_xattr_hash_entry}. */
        int hash() {
            int hash = 0;
            for (byte b : name) {
                hash = Integer.rotateLeft(hash, 5) ^ (b & 0xFF);
            }
            byte[] words = Arrays.copyOf(value, round(value.length));
            for (int at = 0; at < words.length; at += Integer.BYTES) {
                hash = Integer.rotateLeft(hash, 16) ^ LittleEndian.get32(words, at);
            }
            return hash;
        }
    }

    /** Writes the attributes that do not fit into the inode to a block of their own. */
    static void writeBlock(
            Inode inode, Geometry geometry, Checksum checksum, BlockAllocator allocator, BlockWriter writer)
            throws TargetException, Ext4Exception {
        List<Attribute> attributes = chosen(inode, false);
        if (attributes.isEmpty()) {
            return;
        }
        int size = BLOCK_HEADER_SIZE + END_SIZE;
        for (Attribute attribute : attributes) {
            size += attribute.size();
        }
        if (size > geometry.blockSize()) {
            throw new Ext4Exception("the extended attributes of one file take " + size
                    + " bytes beside the inode, where one block of " + geometry.blockSize() + " is possible");
        }
        byte[] block = new byte[geometry.blockSize()];
        LittleEndian.put32(block, 0, MAGIC);
        LittleEndian.put32(block, H_REFCOUNT, 1);
        LittleEndian.put32(block, H_BLOCKS, 1);
        encode(attributes, block, BLOCK_HEADER_SIZE, 0);
        int hash = 0;
        for (Attribute attribute : attributes) {
            hash = Integer.rotateLeft(hash, 16) ^ attribute.hash();
        }
        LittleEndian.put32(block, H_HASH, hash);
        long number = allocator.allocate(1).start();
        LittleEndian.put32(
                block,
                H_CHECKSUM,
                checksum.begin()
                        .add32((int) number)
                        .add32((int) (number >>> Integer.SIZE))
                        .add(block, 0, geometry.blockSize())
                        .value());
        writer.put(number, block);
        inode.extendedBlock = number;
        inode.metadataBlocks++;
    }

    /** Encodes what fits into the inode behind its fields. */
    static void encodeInInode(Inode inode, byte[] out) throws Ext4Exception {
        List<Attribute> attributes = chosen(inode, true);
        if (!attributes.isEmpty()) {
            LittleEndian.put32(out, InodeRecord.EXTENDED, MAGIC);
            int first = InodeRecord.EXTENDED + INODE_HEADER_SIZE;
            encode(attributes, out, first, first);
        }
    }

    private static void encode(List<Attribute> attributes, byte[] out, int first, int valueBase) {
        int at = first;
        int valueEnd = out.length;
        for (Attribute attribute : attributes) {
            byte[] value = attribute.value;
            out[at + E_NAME_LEN] = (byte) attribute.name.length;
            out[at + E_NAME_INDEX] = (byte) attribute.index;
            if (value.length > 0) {
                valueEnd -= round(value.length);
                LittleEndian.putBytes(out, valueEnd, value);
                LittleEndian.put16(out, at + E_VALUE_OFFS, (valueEnd - valueBase));
            }
            LittleEndian.put32(out, at + E_VALUE_SIZE, value.length);
            LittleEndian.put32(out, at + E_HASH, attribute.hash());
            LittleEndian.putBytes(out, at + ENTRY_SIZE, attribute.name);
            at += ENTRY_SIZE + round(attribute.name.length);
        }
    }

    /** The attributes that go into the inode, or those that do not. */
    private static List<Attribute> chosen(Inode inode, boolean inInode) throws Ext4Exception {
        Map<String, byte[]> extended = inode.extended;
        if (extended == null) {
            return List.of();
        }
        List<Attribute> all = new ArrayList<>();
        for (Map.Entry<String, byte[]> entry : extended.entrySet()) {
            add(all, entry.getKey(), entry.getValue());
        }
        all.sort(Attribute.ORDER);
        List<Attribute> chosen = new ArrayList<>();
        int room = INODE_ROOM;
        for (Attribute attribute : all) {
            boolean fits = attribute.size() <= room;
            if (fits) {
                room -= attribute.size();
            }
            if (fits == inInode) {
                chosen.add(attribute);
            }
        }
        return chosen;
    }

    private static void add(List<Attribute> all, String name, byte[] value) throws Ext4Exception {
        switch (name) {
            case ACL_ACCESS -> all.add(new Attribute(2, new byte[0], PosixAcl.toDisk(value)));
            case ACL_DEFAULT -> all.add(new Attribute(3, new byte[0], PosixAcl.toDisk(value)));
            default -> {
                int index = 0;
                if (name.startsWith("user.")) {
                    index = 1;
                } else if (name.startsWith("trusted.")) {
                    index = 4;
                } else if (name.startsWith("security.")) {
                    index = 6;
                }
                if (index != 0) {
                    byte[] rest = name.substring(name.indexOf('.') + 1).getBytes(StandardCharsets.UTF_8);
                    if (rest.length == 0 || rest.length > 255) {
                        throw new Ext4Exception("extended attribute name of " + rest.length
                                + " bytes after its namespace: 1 to 255 are possible");
                    }
                    all.add(new Attribute(index, rest, value));
                }
            }
        }
    }

    private static int round(int size) {
        return (size + 3) & ~3;
    }
}
