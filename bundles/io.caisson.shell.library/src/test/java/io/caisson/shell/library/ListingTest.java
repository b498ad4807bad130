package io.caisson.shell.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ListingTest {
    private record Row(String id, String imageName, ByteSize size, int count, Optional<Style> style) {}

    private enum Style {
        BOLD
    }

    private final List<Row> rows = List.of(
            new Row("a1", "busybox:latest", new ByteSize(2_000_000), 7, Optional.of(Style.BOLD)),
            new Row("b22", "a-name-that-is-rather-long", new ByteSize(12), 1234, Optional.empty()));

    @Test
    void alignsNumbersToTheRightAndTextToTheLeft() {
        assertEquals("""
                ID   IMAGE NAME                     SIZE  COUNT  STYLE
                a1   busybox:latest              1.9 MiB      7  bold
                b22  a-name-that-is-rather-long     12 B   1234""", new Listing(Row.class, rows, Listing.Style.TABLE).render(80));
    }

    @Test
    void shortensTheWidestColumnToTheTerminalsWidthButNeverTheIdentifier() {
        String table = new Listing(Row.class, rows, Listing.Style.TABLE).render(45);
        assertEquals("""
                ID   IMAGE NAME            SIZE  COUNT  STYLE
                a1   busybox:latest     1.9 MiB      7  bold
                b22  a-name-that-is-r…     12 B   1234""", table);
    }

    @Test
    void anEmptyListIsItsHeadings() {
        assertEquals(
                "ID  IMAGE NAME  SIZE  COUNT  STYLE",
                new Listing(Row.class, List.of(), Listing.Style.TABLE).render(80));
    }

    @Test
    void identifiersAreTheFirstColumn() {
        assertEquals("a1\nb22", new Listing(Row.class, rows, Listing.Style.IDENTIFIERS).render(80));
    }

    @Test
    void jsonKeepsNumbersExactAndEscapesText() {
        var odd = new Row("\"\\\n\u0001ü", "x", new ByteSize(2_000_000), 7, Optional.of(Style.BOLD));
        assertEquals("""
                [
                  {
                    "id": "\\"\\\\\\n\\u0001ü",
                    "imageName": "x",
                    "size": 2000000,
                    "count": 7,
                    "style": "bold"
                  }
                ]""", new Listing(Row.class, List.of(odd), Listing.Style.JSON).render(80));
    }

    /** Newlines, escape sequences, delete, and the control sequence introducer as one character. */
    @Test
    void nothingInARowSteersTheTerminal() {
        var hostile = new Row("a\u001b[2J", "b\r\n\u0007c", new ByteSize(1), 7, Optional.empty());
        var worse = new Row("d\u007f", "e\u009b31mf\u0085g", new ByteSize(1), 8, Optional.empty());
        var both = List.of(hostile, worse);
        assertEquals("""
                ID     IMAGE NAME  SIZE  COUNT  STYLE
                a [2J  b   c        1 B      7
                d      e 31mf g     1 B      8""", new Listing(Row.class, both, Listing.Style.TABLE).render(80));
        assertEquals("a [2J\nd ", new Listing(Row.class, both, Listing.Style.IDENTIFIERS).render(80));
        String json = new Listing(Row.class, both, Listing.Style.JSON).render(80);
        assertTrue(json.contains("\"e\\u009b31mf\\u0085g\""), json);
        assertTrue(json.lines().noneMatch(line -> line.chars().anyMatch(Character::isISOControl)), json);
    }

    @Test
    void aListIsAnArrayInJsonAndAsTypedInATable() {
        record Words(String id, List<String> words) {}
        var row = List.of(new Words("a", List.of("sh", "-c", "echo 'a b'")));
        assertEquals("ID  WORDS\na   sh -c echo 'a b'", new Listing(Words.class, row, Listing.Style.TABLE).render(80));
        assertEquals(
                "[{\"id\":\"a\",\"words\":[\"sh\",\"-c\",\"echo'ab'\"]}]",
                new Listing(Words.class, row, Listing.Style.JSON).render(80).replaceAll("\\s", ""));
    }
}
