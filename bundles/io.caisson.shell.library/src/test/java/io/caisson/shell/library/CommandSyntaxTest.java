package io.caisson.shell.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.caisson.service.api.CaissonException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandSyntaxTest {
    private final CommandSyntax run = CommandSyntax.builder("run", "Run a container")
            .flag('i', "interactive", "Keep standard input open")
            .flag('t', "tty", "Give it a terminal")
            .option('e', "env", "NAME=VALUE", "Set an environment variable")
            .option('m', "memory", "SIZE", "Memory")
            .operands("IMAGE [COMMAND…]", 1, Integer.MAX_VALUE)
            .optionsFirst()
            .build();

    private final CommandSyntax list = CommandSyntax.builder("image list", "List images")
            .listing()
            .operands("[NAME]", 0, 1)
            .build();

    @Test
    void leavesTheOptionsOfTheContainersCommandAlone() {
        Arguments arguments = run.parse(List.of("-it", "busybox", "sh", "-c", "exit 7", "--env", "-i"));
        assertEquals(List.of("busybox", "sh", "-c", "exit 7", "--env", "-i"), arguments.operands());
        assertTrue(arguments.has("interactive"));
        assertTrue(arguments.has("tty"));
        assertFalse(arguments.has("env"));
    }

    @Test
    void readsEveryWayOfWritingAnOptionsValue() {
        Arguments arguments =
                run.parse(List.of("-e", "A=1", "-eB=2", "-ieC=3", "--env", "D=4", "--env=E=5=6", "busybox"));
        assertEquals(List.of("A=1", "B=2", "C=3", "D=4", "E=5=6"), arguments.values("env"));
    }

    @Test
    void takesOptionsBehindOperandsWhereTheCommandHasNoCommandOfItsOwn() {
        assertTrue(list.parse(List.of("busybox", "-q")).has("quiet"));
        assertEquals(List.of("-q"), list.parse(List.of("--", "-q")).operands());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--nope busybox|unknown option --nope",
                "-x busybox|unknown option -x",
                "-e|option --env needs a value: NAME=VALUE",
                "--tty=yes busybox|option --tty takes no value",
                "-i|operand IMAGE is missing"
            })
    void saysWhatDoesNotFitAndWhereToLook(String line, String message) {
        var failure = assertThrows(CaissonException.class, () -> run.parse(List.of(line.split(" "))));
        assertEquals("run: " + message + " (see caisson run --help)", failure.getMessage());
    }

    @Test
    void namesTheOperandThatIsMissingOrTooMany() {
        CommandSyntax exec = CommandSyntax.builder("container exec", "Run a further command")
                .operands("CONTAINER… COMMAND [ARGUMENT…]", 2, 3)
                .build();
        assertTrue(refused(exec, List.of()).contains("operand CONTAINER is missing"));
        assertTrue(refused(exec, List.of("one")).contains("operand COMMAND is missing"));
        assertTrue(refused(exec, List.of("one", "a", "b", "c")).contains("operand 'c' is too many"));
    }

    private static String refused(CommandSyntax syntax, List<String> line) {
        return String.valueOf(
                assertThrows(CaissonException.class, () -> syntax.parse(line)).getMessage());
    }

    @Test
    void helpNeedsNoOperandsAndNamesEveryOption() {
        assertTrue(run.parse(List.of("--help")).help());
        String help = run.help();
        assertTrue(help.startsWith("Usage: caisson run [OPTION…] IMAGE [COMMAND…]\n\nRun a container\n\nOptions:\n"));
        assertTrue(help.contains("  -e, --env NAME=VALUE  Set an environment variable\n"), help);
        assertTrue(help.endsWith("  -h, --help            Print this text"), help);
    }

    @Test
    void whatElseThereIsToKnowComesLast() {
        String help = CommandSyntax.builder("run", "Run a container")
                .note("Signals go to it.")
                .build()
                .help();
        assertTrue(help.endsWith("  -h, --help  Print this text\n\nSignals go to it."), help);
    }

    @ParameterizedTest
    @CsvSource({"64m,67108864", "1G,1073741824", "2gib,2147483648", "512,512", "3kb,3072"})
    void readsSizesInBinaryUnits(String text, long bytes) {
        assertEquals(bytes, run.parse(List.of("-m", text, "x")).bytes("memory").orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({"''", "-1", "1.5g", "9999999999t", "m", "1p"})
    void refusesWhatIsNoSize(String text) {
        Arguments arguments = run.parse(List.of("--memory=" + text, "x"));
        assertThrows(CaissonException.class, () -> arguments.bytes("memory"));
    }
}
