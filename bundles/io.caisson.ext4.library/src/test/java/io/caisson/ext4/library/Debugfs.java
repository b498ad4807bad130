package io.caisson.ext4.library;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a file system back through debugfs, which shares no code with the writer. */
public final class Debugfs {
    private static final Pattern FIRST = Pattern.compile("Inode: \\d+ +Type: ([a-zA-Z ]+?) +Mode: +(\\d+) .*");
    private static final Pattern OWNER = Pattern.compile("User: +(-?\\d+) +Group: +(-?\\d+) .*Size: (\\d+)");
    private static final Pattern LINKS = Pattern.compile("Links: (\\d+) +Blockcount: (\\d+)");
    private static final Pattern TIME = Pattern.compile(" ?([acm]|cr)time: 0x([0-9a-f]{8}):([0-9a-f]{8}) .*");
    private static final Pattern DEVICE =
            Pattern.compile("(?:\\(New-style\\) )?Device major/minor number: (\\d+):(\\d+) .*");
    private static final Pattern ATTRIBUTE = Pattern.compile("  ([a-z][^ ]*) \\((\\d+)\\)( = .*)?");

    private final Path image;
    private final Path scratch;

    /** Reads an image, with files of its own in a directory. */
    public Debugfs(Path image, Path scratch) throws IOException {
        this.image = image;
        this.scratch = Files.createDirectories(scratch);
    }

    /** What debugfs says about one file. Names and texts are bytes as Latin-1. */
    public static final class Node {
        public int inode;
        public String type = "";
        public int permissions;
        public long uid;
        public long gid;
        public long size;
        public int links;
        public long sectors;
        public final Map<String, Instant> times = new TreeMap<>();
        public String device = "";
        public byte[] content = {};
        public final Map<String, byte[]> extended = new TreeMap<>();
    }

    /** All files by path from the root, which itself is the empty path; the dots are left out. */
    public Map<String, Node> tree() throws IOException, InterruptedException {
        Map<String, Integer> inodes = new LinkedHashMap<>();
        inodes.put("", 2);
        Map<String, Integer> directories = new LinkedHashMap<>(inodes);
        while (!directories.isEmpty()) {
            directories = list(directories, inodes);
        }
        Map<Integer, Node> nodes = stat(inodes.values().stream().distinct().toList());
        readContents(nodes);
        Map<String, Node> tree = new TreeMap<>();
        inodes.forEach((path, inode) -> tree.put(path, nodes.get(inode)));
        return tree;
    }

    private Map<String, Integer> list(Map<String, Integer> directories, Map<String, Integer> all)
            throws IOException, InterruptedException {
        List<String> commands = new ArrayList<>();
        directories.values().forEach(inode -> commands.add("ls -p <" + inode + ">"));
        List<List<String>> answers = run(commands);
        Map<String, Integer> below = new LinkedHashMap<>();
        int i = 0;
        for (String path : directories.keySet()) {
            for (String line : answers.get(i++)) {
                String[] fields = line.split("/", -1);
                if (fields.length < 7 || fields[5].equals(".") || fields[5].equals("..")) {
                    continue;
                }
                int inode = Integer.parseInt(fields[1]);
                String name = path.isEmpty() ? fields[5] : path + "/" + fields[5];
                if (all.put(name, inode) != null) {
                    throw new AssertionError("listed twice: " + name);
                }
                if (fields[2].startsWith("04")) {
                    below.put(name, inode);
                }
            }
        }
        return below;
    }

    private Map<Integer, Node> stat(List<Integer> inodes) throws IOException, InterruptedException {
        List<String> commands = new ArrayList<>();
        inodes.forEach(inode -> commands.add("stat <" + inode + ">"));
        List<List<String>> answers = run(commands);
        Map<Integer, Node> nodes = new LinkedHashMap<>();
        for (int i = 0; i < inodes.size(); i++) {
            Node node = new Node();
            node.inode = inodes.get(i);
            answers.get(i).forEach(line -> parse(node, line));
            nodes.put(node.inode, node);
        }
        return nodes;
    }

    private static void parse(Node node, String line) {
        Matcher first = FIRST.matcher(line);
        if (first.matches()) {
            node.type = first.group(1);
            node.permissions = Integer.parseInt(first.group(2), 8);
        }
        Matcher owner = OWNER.matcher(line);
        if (owner.matches()) {
            node.uid = unsigned(owner.group(1));
            node.gid = unsigned(owner.group(2));
            node.size = Long.parseLong(owner.group(3));
        }
        Matcher links = LINKS.matcher(line);
        if (links.matches()) {
            node.links = Integer.parseInt(links.group(1));
            node.sectors = Long.parseLong(links.group(2));
        }
        Matcher time = TIME.matcher(line);
        if (time.matches()) {
            node.times.put(time.group(1), time(time.group(2), time.group(3)));
        }
        Matcher device = DEVICE.matcher(line);
        if (device.matches()) {
            node.device = Integer.parseInt(device.group(1)) + ":" + Integer.parseInt(device.group(2));
        }
        Matcher attribute = ATTRIBUTE.matcher(line);
        if (attribute.matches()) {
            node.extended.put(attribute.group(1), new byte[Integer.parseInt(attribute.group(2))]);
        }
    }

    private static long unsigned(String number) {
        return Long.parseLong(number) & 0xFFFF_FFFFL;
    }

    private static Instant time(String seconds, String extra) {
        long high = Long.parseLong(extra, 16);
        return Instant.ofEpochSecond((int) Long.parseLong(seconds, 16) + ((high & 3) << 32), high >>> 2);
    }

    /** Contents of files and targets of links, and values of extended attributes. */
    private void readContents(Map<Integer, Node> nodes) throws IOException, InterruptedException {
        List<String> commands = new ArrayList<>();
        for (Node node : nodes.values()) {
            Path file = scratch.resolve(String.valueOf(node.inode));
            if (node.type.equals("regular")) {
                commands.add("dump <" + node.inode + "> " + file);
            }
            for (String name : node.extended.keySet()) {
                commands.add("ea_get -f " + file + "." + name + " <" + node.inode + "> " + name);
            }
        }
        run(commands);
        for (Node node : nodes.values()) {
            Path file = scratch.resolve(String.valueOf(node.inode));
            if (node.type.equals("regular")) {
                node.content = Files.readAllBytes(file);
                Files.delete(file);
            } else if (node.type.equals("symlink")) {
                node.content = target(node);
            }
            for (Map.Entry<String, byte[]> attribute : node.extended.entrySet()) {
                Path value = scratch.resolve(node.inode + "." + attribute.getKey());
                attribute.setValue(Files.readAllBytes(value));
                Files.delete(value);
            }
        }
    }

    private byte[] target(Node node) throws IOException, InterruptedException {
        Path file = scratch.resolve("link");
        if (node.size < 60) {
            String stat =
                    String.join("\n", run(List.of("stat <" + node.inode + ">")).getFirst());
            int start = stat.indexOf("Fast link dest: \"") + "Fast link dest: \"".length();
            return stat.substring(start, start + (int) node.size).getBytes(StandardCharsets.ISO_8859_1);
        }
        run(List.of("dump <" + node.inode + "> " + file));
        byte[] content = Files.readAllBytes(file);
        Files.delete(file);
        return content;
    }

    /** Runs commands in one debugfs; the lines each answers with. */
    private List<List<String>> run(List<String> commands) throws IOException, InterruptedException {
        if (commands.isEmpty()) {
            return List.of();
        }
        Path script = scratch.resolve("commands");
        Files.write(script, commands);
        String output = Tool.run("debugfs", "-f", script.toString(), image.toString());
        List<List<String>> answers = new ArrayList<>();
        for (String line : output.split("\n", -1)) {
            if (line.startsWith("debugfs: ")) {
                answers.add(new ArrayList<>());
            } else if (!answers.isEmpty()) {
                answers.getLast().add(line);
            }
        }
        if (answers.size() != commands.size()) {
            throw new AssertionError(commands.size() + " commands, " + answers.size() + " answers");
        }
        return answers;
    }
}
