package io.caisson.shell.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.caisson.service.api.CaissonException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

class CommandCatalogTest {
    private final CommandCatalog catalog = new CommandCatalog((BundleContext) Proxy.newProxyInstance(
            BundleContext.class.getClassLoader(), new Class<?>[] {BundleContext.class}, (proxy, method, arguments) -> {
                assertEquals("getAllServiceReferences", method.getName());
                return new ServiceReference<?>[] {
                    commands("container", "run", "exec", "list", "stop"), commands("image", "list", "load")
                };
            }));

    private static ServiceReference<?> commands(String noun, String... verbs) {
        Map<String, Object> properties =
                Map.of("osgi.command.scope", noun, "osgi.command.function", verbs, "caisson.command.short", "run");
        return (ServiceReference<?>) Proxy.newProxyInstance(
                ServiceReference.class.getClassLoader(),
                new Class<?>[] {ServiceReference.class},
                (proxy, method, arguments) -> {
                    assertEquals("getProperty", method.getName());
                    return properties.get(arguments[0]);
                });
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "exec one sh|unknown command 'exec'; did you mean 'container exec'? (see caisson --help)",
                "load a.tar|unknown command 'load'; did you mean 'image load'? (see caisson --help)",
                "list|unknown command 'list' (see caisson --help)",
                "ps|unknown command 'ps' (see caisson --help)",
                "image|'image' needs a verb; there are: list, load",
                "image pull busybox|unknown command 'image pull'; there are: list, load"
            },
            delimiter = '|')
    void hintsAtTheNounWhereExactlyOneHasTheVerb(String line, String message) {
        List<String> words = List.of(line.split(" "));
        assertEquals(
                message,
                assertThrows(CaissonException.class, () -> catalog.find(words)).getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "exec|unknown command 'exec'; did you mean container:exec? (help lists those there are)",
                "list|unknown command 'list'; did you mean container:list or image:list? (help lists those there are)",
                "ps|unknown command 'ps' (help lists those there are)"
            },
            delimiter = '|')
    void inTheShellItNamesCommandsAsTheShellDoes(String name, String message) {
        assertEquals(message, catalog.unknownInShell(name).getMessage());
    }
}
