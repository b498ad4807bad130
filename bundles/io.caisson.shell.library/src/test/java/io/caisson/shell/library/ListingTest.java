package io.caisson.shell.library;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
}
