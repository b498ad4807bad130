package io.caisson.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageTest {
    @TempDir
    Path root;

    @TempDir
    Path home;

    @BeforeEach
    void makeADistributionOfOneBundle() throws Exception {
        Files.createDirectories(root.resolve("bundle"));
        Files.createDirectories(root.resolve("features"));
        Files.createDirectories(root.resolve("conf"));
        Files.writeString(root.resolve("conf/caisson.properties"), "features=one\n");
        Files.writeString(root.resolve("features/one.json"), "{\"bundles\": [{\"id\": \"g:a:1\"}]}");
        bundle("1.0");
    }

    private void bundle(String version) throws Exception {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Bundle-ManifestVersion", "2");
        manifest.getMainAttributes().putValue("Bundle-SymbolicName", "a");
        manifest.getMainAttributes().putValue("Bundle-Version", version);
        try (OutputStream file = Files.newOutputStream(root.resolve("bundle/a-1.jar"));
                var jar = new JarOutputStream(file, manifest)) {
            jar.finish();
        }
    }

    @Test
    void theSameDistributionGetsTheSameStorageAndAChangedOneAnother() throws Exception {
        Path first;
        try (Storage storage = Storage.shared(home, Distribution.at(root))) {
            first = storage.directory();
        }
        try (Storage storage = Storage.shared(home, Distribution.at(root))) {
            assertEquals(first, storage.directory());
        }
        bundle("1.0.0.longer");
        try (Storage storage = Storage.shared(home, Distribution.at(root))) {
            assertNotEquals(first, storage.directory());
            assertTrue(Files.exists(first), "whoever goes back to the former distribution finds its storage");
        }
    }

    /** The distribution with a configuration that differs from others by this. */
    private Distribution variant(String name) throws Exception {
        Files.writeString(root.resolve("conf/caisson.properties"), "features=one\nvariant=" + name + "\n");
        return Distribution.at(root);
    }

    /** Uses such a distribution; returns its storage. */
    private Path use(String variant) throws Exception {
        try (Storage storage = Storage.shared(home, variant(variant))) {
            return storage.directory();
        }
    }

    @Test
    void fourDistributionsThatTakeTurnsKeepTheirStorages() throws Exception {
        Path first = use("a");
        Path second = use("b");
        use("c");
        use("d");
        Path marked = Files.createFile(first.resolve("mark"));
        assertEquals(first, use("a"));
        assertTrue(Files.exists(marked), "it has not been made again");

        Path fifth = use("e");
        assertFalse(Files.exists(second), "it was used least lately");
        assertFalse(Files.exists(second.resolveSibling(second.getFileName() + ".lock")));
        assertTrue(Files.exists(marked));
        assertTrue(Files.exists(fifth));
        assertEquals(4, storages());
    }

    @Test
    void aStorageThatSomebodyUsesIsNotRemovedHoweverOldItIs() throws Exception {
        Path removed;
        try (Storage used = Storage.shared(home, variant("a"))) {
            removed = use("b");
            for (String variant : new String[] {"c", "d", "e", "f"}) {
                use(variant);
            }
            assertTrue(Files.exists(used.directory()));
            assertFalse(Files.exists(removed));
            assertEquals(5, storages());
        }
        use("g");
        assertEquals(4, storages());
    }

    @Test
    void whatWasLeftHalfMadeOrHalfRemovedGoesWithTheNextThatIsMade() throws Exception {
        for (String name : new String[] {"new-1", "old-0123456789abcdef"}) {
            Files.createFile(
                    Files.createDirectories(home.resolve("felix").resolve(name)).resolve("file"));
        }
        use("a");
        assertEquals(1, storages());
    }

    private long storages() throws Exception {
        try (var entries = Files.list(home.resolve("felix"))) {
            return entries.filter(Files::isDirectory).count();
        }
    }

    @Test
    void anOwnStorageIsRemovedWhenItIsClosed() throws Exception {
        Path directory;
        try (Storage storage = Storage.own(home, Distribution.at(root))) {
            directory = storage.directory();
            assertTrue(Files.isDirectory(directory));
        }
        assertFalse(Files.exists(directory));
    }

    @Test
    void anOwnStorageThatAKilledFrameworkLeftIsRemovedByTheNext() throws Exception {
        Path left = Files.createDirectories(home.resolve("felix/own-1"));
        Files.createFile(left.resolve("file"));
        Files.createFile(home.resolve("felix/own-1.lock"));
        try (Storage storage = Storage.shared(home, Distribution.at(root))) {
            assertTrue(Files.isDirectory(storage.directory()));
            assertFalse(Files.exists(left));
            assertFalse(Files.exists(home.resolve("felix/own-1.lock")));
        }
    }

    @Test
    void aMissingBundleIsNamedAndNothingIsPublished() throws Exception {
        Files.writeString(root.resolve("features/one.json"), "{\"bundles\": [{\"id\": \"g:gone:1\"}]}");
        Distribution distribution = Distribution.at(root);
        var failure = assertThrows(LaunchException.class, () -> Storage.shared(home, distribution));
        assertTrue(String.valueOf(failure.getMessage()).contains("gone-1.jar"), failure.getMessage());
        try (var entries = Files.newDirectoryStream(home.resolve("felix"), Files::isDirectory)) {
            assertFalse(entries.iterator().hasNext());
        }
    }
}
