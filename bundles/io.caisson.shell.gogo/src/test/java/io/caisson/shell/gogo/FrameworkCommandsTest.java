package io.caisson.shell.gogo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FrameworkCommandsTest {
    private final Map<String, Object> variables = new HashMap<>();

    private final CommandSession session = (CommandSession) Proxy.newProxyInstance(
            CommandSession.class.getClassLoader(),
            new Class<?>[] {CommandSession.class},
            (proxy, method, arguments) -> switch (method.getName()) {
                case "get" -> variables.get(String.valueOf(arguments[0]));
                case "put" -> variables.put(String.valueOf(arguments[0]), arguments[1]);
                case "hashCode" -> 1;
                case "equals" -> proxy == arguments[0];
                default -> throw new AssertionError(method);
            });

    private final FrameworkCommands commands = new FrameworkCommands();

    @BeforeEach
    void begin() {
        variables.put(".commands", Set.of("felix:lb", "felix:ls", "gogo:ls", "container:list"));
        variables.put("felix:lb", failing("Cannot coerce lb(Token, Token) to any of [(boolean), (boolean, String)]"));
        commands.beforeExecute(session, "lb a b");
    }

    private static Function failing(String message) {
        return (session, arguments) -> {
            throw new IllegalArgumentException(message);
        };
    }

    private Object call() throws Exception {
        return assertInstanceOf(Function.class, variables.get("lb")).execute(session, List.of("a", "b"));
    }

    @Test
    void misuseNamesTheCommandAndItsHelpAndNoSignatures() {
        assertEquals(
                "lb does not take these arguments (see help lb)",
                assertThrows(CaissonException.class, this::call).getMessage());
    }

    @Test
    void everythingElseIsTheCommandsOwnAsItIsThen() throws Exception {
        variables.put("felix:lb", failing("no such thing"));
        assertEquals(
                "no such thing",
                assertThrows(IllegalArgumentException.class, this::call).getMessage());
        variables.put("felix:lb", (Function) (session, arguments) -> arguments);
        assertEquals(List.of("a", "b"), call());
        variables.remove("felix:lb");
        assertTrue(assertThrows(CaissonException.class, this::call).getMessage().contains("felix:lb"));
    }

    @Test
    void theShellsAndTheUsersOwnStayWhatTheyAre() {
        assertFalse(variables.containsKey("ls"));
        assertFalse(variables.containsKey("list"));
        Function users = (session, arguments) -> arguments;
        variables.put("lb", users);
        commands.beforeExecute(session, "lb");
        assertSame(users, variables.get("lb"));
    }
}
