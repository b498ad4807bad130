package io.caisson.baseline;

import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.osgi.Jar;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Tree;
import aQute.bnd.service.diff.Type;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The packages a bundle exports as bnd's tree of types and members, each with what adding and removing it would mean, read
 * from classes or from text: one line for each node, indented by one tab for each level,
 *
 * <pre>TYPE ADDED/REMOVED name</pre>
 *
 * <p>What depends on the JDK that looks is left out: members that a type merely inherits from the JDK's types.
 */
final class ApiTree {
    private static final String ROOT = "bundle";
    /** The name under which bnd looks for the packages in a tree. */
    private static final String API = "<api>";

    private ApiTree() {}

    /**
     * Reads what a bundle exports.
     *
     * @param bundle the bundle's jar or its unpacked content, manifest included
     */
    static Tree ofBundle(Path bundle) throws Exception {
        try (Jar jar = new Jar(bundle.toFile())) {
            Tree api = new DiffPluginImpl().tree(jar).get(API);
            List<Tree.Data> packages = new ArrayList<>();
            for (Tree child : api == null ? new Tree[0] : api.getChildren()) {
                if (child.getType() == Type.PACKAGE) {
                    packages.add(withoutJdk(child.serialize()));
                }
            }
            return tree(packages);
        }
    }

    /** Reads what {@link #text} wrote; an empty file describes a bundle that exports nothing. */
    static Tree ofText(Path file) throws Exception {
        List<Tree.Data> packages = new ArrayList<>();
        Deque<Tree.Data> path = new ArrayDeque<>();
        int number = 0;
        for (String line : Files.readAllLines(file)) {
            number++;
            String content = line.stripLeading();
            int depth = line.length() - content.length();
            if (content.isEmpty() || content.startsWith("#")) {
                continue;
            }
            String[] fields = content.split("[ /]", 4);
            if (fields.length < 4 || depth > path.size()) {
                throw new IOException(file + ":" + number + ": not a line of a baseline: " + content);
            }
            while (path.size() > depth) {
                path.pop();
            }
            Tree.Data node = node(
                    Type.valueOf(fields[0]), Delta.valueOf(fields[1]), Delta.valueOf(fields[2]), unescape(fields[3]));
            if (path.isEmpty()) {
                packages.add(node);
            } else {
                append(path.peek(), node);
            }
            path.push(node);
        }
        return tree(packages);
    }

    static String text(Tree tree) {
        StringBuilder text = new StringBuilder();
        for (Tree child : packages(tree)) {
            write(child, 0, text);
        }
        return text.toString();
    }

    /** The packages of a tree that {@link #ofBundle} or {@link #ofText} made. */
    static Tree[] packages(Tree tree) {
        return tree.get(API).getChildren();
    }

    private static void write(Tree node, int depth, StringBuilder text) {
        text.append("\t".repeat(depth))
                .append(node.getType())
                .append(' ')
                .append(node.ifAdded())
                .append('/')
                .append(node.ifRemoved())
                .append(' ')
                .append(escape(node.getName()))
                .append('\n');
        for (Tree child : node.getChildren()) {
            write(child, depth + 1, text);
        }
    }

    private static Tree tree(List<Tree.Data> packages) throws Exception {
        Tree.Data api = node(Type.API, Delta.CHANGED, Delta.CHANGED, API);
        api.children = packages.toArray(Tree.Data[]::new);
        Tree.Data root = node(Type.BUNDLE, Delta.CHANGED, Delta.CHANGED, ROOT);
        append(root, api);
        return new DiffPluginImpl().deserialize(root);
    }

    private static Tree.Data node(Type type, Delta add, Delta remove, String name) {
        Tree.Data node = new Tree.Data();
        node.type = type;
        node.add = add;
        node.rem = remove;
        node.name = name;
        node.children = new Tree.Data[0];
        return node;
    }

    private static void append(Tree.Data parent, Tree.Data child) {
        parent.children = Arrays.copyOf(parent.children, parent.children.length + 1);
        parent.children[parent.children.length - 1] = child;
    }

    /** Drops what the package's own annotations repeat, and the methods that its types inherit from the JDK. */
    private static Tree.Data withoutJdk(Tree.Data exported) {
        exported.children = Arrays.stream(exported.children)
                .filter(child -> child.type != Type.ANNOTATED)
                .toArray(Tree.Data[]::new);
        for (Tree.Data type : exported.children) {
            Set<String> inherited = new HashSet<>();
            inherit(type.name, exported, inherited);
            type.children = Arrays.stream(children(type))
                    .filter(child -> child.type != Type.METHOD || !inherited.contains(child.name))
                    .toArray(Tree.Data[]::new);
        }
        return exported;
    }

    /** Adds the methods that a type has from the JDK, directly or through other types of its package. */
    private static void inherit(String type, Tree.Data exported, Set<String> methods) {
        if (type.startsWith("java.")) {
            try {
                inherit(Class.forName(type, false, null), methods);
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException("the JDK has no " + type + " and yet the bundle was compiled", e);
            }
            return;
        }
        inherit(Object.class, methods);
        for (Tree.Data other : exported.children) {
            if (other.name.equals(type)) {
                for (Tree.Data child : children(other)) {
                    if (child.type == Type.EXTENDS || child.type == Type.IMPLEMENTS) {
                        inherit(child.name, exported, methods);
                    }
                }
            }
        }
    }

    private static void inherit(Class<?> type, Set<String> methods) {
        for (Method method : type.getDeclaredMethods()) {
            methods.add(Arrays.stream(method.getParameterTypes())
                    .map(Class::getTypeName)
                    .collect(Collectors.joining(",", method.getName() + "(", ")")));
        }
        for (Class<?> above : type.getInterfaces()) {
            inherit(above, methods);
        }
        if (type.getSuperclass() != null) {
            inherit(type.getSuperclass(), methods);
        }
    }

    private static Tree.Data[] children(Tree.Data node) {
        return node.children == null ? new Tree.Data[0] : node.children;
    }

    private static String escape(String name) {
        return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }

    private static String unescape(String name) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '\\') {
                c = name.charAt(++i);
                c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
            }
            text.append(c);
        }
        return text.toString();
    }
}
