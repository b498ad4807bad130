package io.caisson.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code caisson} as its users meet it. */
class CommandLineIT {
    @TempDir
    static Path home;

    private static Caisson caisson;

    @BeforeAll
    static void useAHomeOfOurOwn() {
        caisson = Caisson.withHome(home);
    }

    @AfterEach
    void leavesNoContainerBehind() throws Exception {
        Path containers = home.resolve("containers");
        if (Files.isDirectory(containers)) {
            try (var entries = Files.list(containers)) {
                assertEquals(List.of(), entries.filter(Files::isDirectory).toList());
            }
        }
    }

    @Test
    void printsWhatTheProcessPrintsAndNothingElse() throws Exception {
        Caisson.Outcome outcome = caisson.run("run", "busybox", "echo", "hello");
        assertEquals("hello\n", outcome.text(), outcome::toString);
        assertEquals("", outcome.err());
        assertEquals(0, outcome.status());
    }

    @ParameterizedTest
    @CsvSource({"true,0", "false,1", "exit 7,7", "exit 255,255", "kill -9 $$,137", "kill -15 $$; sleep 60,143"})
    void passesTheExitStatusOn(String script, int status) throws Exception {
        // The shell of the script is a child: process 1 of a pid namespace ignores signals from inside.
        Caisson.Outcome outcome = caisson.run("run", "busybox", "sh", "-c", "sh -c '" + script + "'; exit $?");
        assertEquals(status, outcome.status(), outcome::toString);
    }

    @Test
    void aMissingExecutableIs127AndAnUnexecutableOne126WithOneLineEach() throws Exception {
        Caisson.Outcome missing = caisson.run("run", "busybox", "no-such-command");
        assertEquals(127, missing.status(), missing::toString);
        assertOneLine(missing.err(), "no-such-command");
        Caisson.Outcome unexecutable = caisson.run("run", "busybox", "/etc/passwd");
        assertEquals(126, unexecutable.status(), unexecutable::toString);
        assertOneLine(unexecutable.err(), "/etc/passwd");
    }

    @ParameterizedTest
    @CsvSource({
        "run no-such-image true,no-such-image",
        "run no-such-image true,there without loading: busybox:latest",
        "exec one true,container exec",
        "run BAD!!! true,BAD!!!",
        "run --platform linux/s390x busybox true,s390x",
        "run --vm nothing busybox true,nothing",
        "run --kernel nothing busybox true,nothing",
        "run --memory 1k busybox true,memory",
        "run --nope busybox,--nope",
        "--hlep,unknown option --hlep (see caisson --help)",
        "help nonsense,unknown command 'nonsense'",
        "container,'container' needs a verb",
        "run,run: operand IMAGE is missing (see caisson run --help)",
        "container exec one,container exec: operand COMMAND is missing",
        "container exec nobody true,nobody",
        "container stop nobody,nobody",
        "container list --quiet --format json,--quiet",
        "image load /no/such/file,/no/such/file"
    })
    void itsOwnFailuresAre125WithOneLineAndNoStackTrace(String line, String mentioned) throws Exception {
        Caisson.Outcome outcome = caisson.run(line.split(" "));
        assertEquals(125, outcome.status(), outcome::toString);
        assertOneLine(outcome.err(), mentioned);
        assertEquals("", outcome.text());
    }

    @Test
    void whatAFailureQuotesSteersNoTerminal() throws Exception {
        Caisson.Outcome outcome = caisson.run("image", "load", "/no/such/\u001b[2J\nfile\u009b");
        assertEquals(125, outcome.status(), outcome::toString);
        assertOneLine(outcome.err(), "/no/such/ [2J file :");
    }

    /** A command line is bytes to Linux; to the JVM, OCI and the guest it is text. */
    @Test
    void anArgumentThatIsNotUtf8IsRefusedByItsNumberAndNotChanged() throws Exception {
        Caisson.Outcome outcome = caisson.through("sh", "-c", "exec \"$@\" \"$(printf 'caf\\351')\"", "sh")
                .run("run", "busybox", "echo");
        assertEquals(125, outcome.status(), outcome::toString);
        assertOneLine(outcome.err(), "argument 4 is not UTF-8");
        assertOneLine(outcome.err(), "$'caf\\xe9'");
        assertEquals("", outcome.text());
    }

    @ParameterizedTest
    @CsvSource({
        "-XX:+NoSuchThing,Unrecognized VM option 'NoSuchThing'",
        "-Xmx64m -nosuchthing,Unrecognized option: -nosuchthing",
        "-XX:+UseG1GC,Multiple garbage collectors selected",
        "-Xmx1k,heap"
    })
    void whatTheJvmDoesNotTakeIsAFailureOfCaissonsInOneLine(String options, String mentioned) throws Exception {
        Caisson.Outcome outcome = caisson.with("CAISSON_JAVA_OPTIONS", options).run("--version");
        assertEquals(125, outcome.status(), outcome::toString);
        assertOneLine(outcome.err(), mentioned);
        assertOneLine(outcome.err(), "CAISSON_JAVA_OPTIONS");
        assertEquals("", outcome.text());
        assertEquals(
                0,
                caisson.with("CAISSON_JAVA_OPTIONS", "-Xmx64m").run("--version").status());
    }

    @Test
    void debugShowsTheStackTrace() throws Exception {
        Caisson.Outcome outcome = caisson.run("--debug", "run", "no-such-image", "true");
        assertEquals(125, outcome.status());
        assertTrue(outcome.err().contains("\tat io.caisson."), outcome.err());
    }

    @Test
    void passesStandardInputOn() throws Exception {
        Caisson.Outcome outcome =
                caisson.runWithInput("abc\n".getBytes(StandardCharsets.UTF_8), "run", "-i", "busybox", "cat");
        assertEquals("abc\n", outcome.text(), outcome::toString);
    }

    @Test
    void withoutInteractiveStandardInputIsEmpty() throws Exception {
        Caisson.Outcome outcome =
                caisson.runWithInput("abc\n".getBytes(StandardCharsets.UTF_8), "run", "busybox", "cat");
        assertEquals("", outcome.text(), outcome::toString);
        assertEquals(0, outcome.status());
    }

    @Test
    void keepsStandardOutputAndErrorApart() throws Exception {
        Caisson.Outcome outcome = caisson.run("run", "busybox", "sh", "-c", "echo out; echo err >&2");
        assertEquals("out\n", outcome.text());
        assertEquals("err\n", outcome.err());
    }

    /** Those that the help lists, which are those that are registered. */
    @Test
    void everyCommandExplainsItself() throws Exception {
        String overview = caisson.run("--help").text();
        String list = overview.substring(overview.indexOf("Commands:\n") + "Commands:\n".length());
        List<String> commands = list.lines()
                .takeWhile(line -> !line.isEmpty())
                .map(line -> line.strip().split("  +", 2)[0])
                .toList();
        assertTrue(commands.containsAll(List.of("run", "container exec", "image load", "shell")), commands::toString);
        for (String command : commands) {
            var line = new ArrayList<>(List.of(command.split(" ")));
            line.add("--help");
            Caisson.Outcome outcome = caisson.run(line.toArray(String[]::new));
            assertEquals(0, outcome.status(), outcome::toString);
            assertTrue(outcome.text().startsWith("Usage: caisson " + command + " "), outcome::toString);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-h,Usage: caisson [--debug] COMMAND",
        "help,Usage: caisson [--debug] COMMAND",
        "help run,Usage: caisson run [OPTION…] IMAGE",
        "help image list,Usage: caisson image list",
        "help container,Usage: caisson container COMMAND",
        "container --help,Usage: caisson container COMMAND",
        "system -h,Usage: caisson system COMMAND"
    })
    void helpIsThereHoweverItIsAskedFor(String line, String beginning) throws Exception {
        Caisson.Outcome outcome = caisson.run(line.split(" "));
        assertEquals(0, outcome.status(), outcome::toString);
        assertTrue(outcome.text().startsWith(beginning), outcome::toString);
    }

    @Test
    void aNounsHelpListsItsCommandsOnly() throws Exception {
        String text = caisson.run("container", "--help").text();
        assertTrue(text.contains("\n  container exec  Run a further command"), text);
        assertFalse(text.contains("image list"), text);
    }

    @Test
    void executesListsAndStopsFromAnotherTerminal() throws Exception {
        try (var running = caisson.start("run", "--name", "one", "busybox", "sh", "-c", "echo ready; exec sleep 300")) {
            assertEquals("ready", running.firstLine());
            Caisson.Outcome list = caisson.run("container", "list", "--format", "json");
            assertTrue(list.text().contains("\"name\": \"one\""), list::toString);
            assertTrue(list.text().contains("\"state\": \"running\""), list::toString);
            Caisson.Outcome exec = caisson.runWithInput(
                    "through the door\n".getBytes(StandardCharsets.UTF_8), "container", "exec", "-i", "one", "cat");
            assertEquals("through the door\n", exec.text(), exec::toString);
            assertEquals(
                    3,
                    caisson.run("container", "exec", "one", "sh", "-c", "exit 3")
                            .status());
            assertEquals(127, caisson.run("container", "exec", "one", "no-such").status());
            Caisson.Outcome stop = caisson.run("container", "stop", "-t", "0", "nobody", "one", "nothing");
            assertEquals(125, stop.status(), stop::toString);
            assertEquals("one\n", stop.text());
            assertTrue(stop.err().matches("caisson: .*nobody.*\ncaisson: .*nothing.*\n"), stop::toString);
            assertEquals(137, running.finish().status());
        }
        assertFalse(caisson.run("container", "list").text().contains("one"));
    }

    private static void assertOneLine(String text, String mentioned) {
        assertTrue(text.startsWith("caisson: ") && text.indexOf('\n') == text.length() - 1, text);
        assertTrue(text.contains(mentioned), text);
    }
}
