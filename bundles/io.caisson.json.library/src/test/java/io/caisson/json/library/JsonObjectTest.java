package io.caisson.json.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonObjectTest {
    @Test
    void readsEveryTypeOfValue() throws Exception {
        JsonObject object = read("""
                { "s": "x\\u00e9\\n\\/", "n": -12, "zero": 0, "t": true, "f": false, "nil": null,
                  "o": {"a": "b", "c": ""}, "l": ["p", "q"], "os": [{}, {"k": "v"}], "d": 1.5e-3, "e": [] }\r
                """);
        assertEquals(Optional.of("xé\n/"), object.string("s"));
        assertEquals(OptionalLong.of(-12), object.number("n"));
        assertEquals(0, object.requiredNumber("zero"));
        assertTrue(object.flag("t"));
        assertFalse(object.flag("f"));
        assertFalse(object.flag("absent"));
        assertEquals(Map.of("a", "b", "c", ""), object.stringMap("o"));
        assertEquals(List.of("p", "q"), object.strings("l"));
        assertEquals("v", object.objects("os").get(1).requiredString("k"));
        assertEquals(List.of(), object.strings("e"));
        assertEquals(List.of("s", "n", "zero", "t", "f", "nil", "o", "l", "os", "d", "e"), List.copyOf(object.names()));
    }

    @Test
    void takesNullForAbsent() throws Exception {
        JsonObject object = read("{\"a\":null}");
        assertFalse(object.has("a"));
        assertEquals(Optional.empty(), object.string("a"));
        assertEquals(List.of(), object.strings("a"));
        assertEquals(Map.of(), object.stringMap("a"));
        assertEquals(OptionalLong.empty(), object.number("a"));
        assertEquals(Optional.empty(), object.object("a"));
    }

    @Test
    void readsCharactersOutsideTheBasicPlaneRawAndEscaped() throws Exception {
        assertEquals(
                "\uD83D\uDE00\uD83D\uDE00",
                read("{\"a\":\"\uD83D\uDE00\\ud83d\\ude00\"}").requiredString("a"));
    }

    @Test
    void namesTheMemberThatHasAnotherType() throws Exception {
        JsonObject object = read("{\"layers\":[{\"size\":1},{\"size\":\"x\"}],\"l\":[1],\"m\":{\"k\":2}}");
        assertMessage(
                "layers[1].size: not a whole number",
                () -> object.objects("layers").get(1).number("size"));
        assertMessage(
                "layers[0].digest: missing",
                () -> object.objects("layers").get(0).requiredString("digest"));
        assertMessage("l[0]: not a string", () -> object.strings("l"));
        assertMessage("l[0]: not an object", () -> object.objects("l"));
        assertMessage("layers: not a string", () -> object.string("layers"));
        assertMessage("m.k: not a string", () -> object.stringMap("m"));
        assertMessage("m: not an array", () -> object.strings("m"));
        assertMessage("config: missing", () -> object.requiredObject("config"));
    }

    @Test
    void acceptsNumbersItCannotHoldAsLongAsNobodyReadsThem() throws Exception {
        JsonObject object = read("{\"a\":18446744073709551615,\"b\":1e999,\"c\":-0.5}");
        for (String name : object.names()) {
            assertThrows(JsonException.class, () -> object.number(name));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "}",
                "[]",
                "[{}]",
                "1",
                "\"a\"",
                "null",
                "{} {}",
                "{},",
                "{\"a\"}",
                "{\"a\":}",
                "{a:1}",
                "{'a':1}",
                "{\"a\":1,}",
                "{,}",
                "{\"a\":1 \"b\":2}",
                "{\"a\":01}",
                "{\"a\":+1}",
                "{\"a\":.5}",
                "{\"a\":1.}",
                "{\"a\":1e}",
                "{\"a\":-}",
                "{\"a\":NaN}",
                "{\"a\":tru}",
                "{\"a\":truex}",
                "{\"a\":[1,]}",
                "{\"a\":[1",
                "{\"a\":\"",
                "{\"a\":\"\\",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12g4\"}",
                "{\"a\":\"\\u12",
                "{\"a\":\"\t\"}",
                "{\"a\":\"\\n\t\"}",
                "{\"a\":\"\\ud800\"}",
                "{\"a\":\"\\ud800\\ud800\"}",
                "{\"a\":\"\\udc00\"}",
                "{\"a\":1,\"a\":2}",
                "{\"a\":null,\"a\":1}",
                "{\"a\":1,\"\\u0061\":2}",
                "\uFEFF{}",
                "{} // no",
                "{/**/}",
                "{\"a\":1}\0",
                "{\"a\":\u00a01}"
            })
    void refuses(String text) {
        assertThrows(JsonException.class, () -> read(text));
    }

    @Test
    void refusesBytesThatAreNotUtf8() {
        for (int[] bad :
                new int[][] {{0xff}, {0xc0, 0x80}, {0xed, 0xa0, 0x80}, {0xe2, 0x82}, {0xf5, 0x80, 0x80, 0x80}}) {
            for (String before : List.of("", "\\n")) {
                byte[] head = ("{\"a\":\"" + before).getBytes(StandardCharsets.UTF_8);
                byte[] text = new byte[head.length + bad.length + 2];
                System.arraycopy(head, 0, text, 0, head.length);
                for (int i = 0; i < bad.length; i++) {
                    text[head.length + i] = (byte) bad[i];
                }
                text[text.length - 2] = '"';
                text[text.length - 1] = '}';
                assertThrows(JsonException.class, () -> JsonObject.read(text));
            }
        }
    }

    @Test
    void boundsDepthAndNumberOfValues() throws Exception {
        read("{\"a\":" + "[".repeat(63) + "]".repeat(63) + "}");
        assertMessage("nested more than 64 deep at offset 68", () -> read("{\"a\":" + "[".repeat(2_000_000)));
        assertThrows(JsonException.class, () -> read("{\"a\":[" + "[],".repeat(300_000) + "1]}"));
    }

    @Test
    void survivesEveryTruncationAndManyMutationsOfADocument() throws Exception {
        byte[] whole = "{\"a\":[{\"b\":\"\\u00e9é\"},-1.5e3,true,null],\"c\":{\"d\":\"e\\\\\"}}"
                .getBytes(StandardCharsets.UTF_8);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertThrows(JsonException.class, () -> JsonObject.read(cut));
        }
        var random = new Random(42);
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] mutant = whole.clone();
            for (int k = random.nextInt(3); k >= 0; k--) {
                mutant[random.nextInt(mutant.length)] = (byte) random.nextInt(256);
            }
            try {
                JsonObject.read(mutant);
                read++;
            } catch (JsonException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("at offset"), e::getMessage);
            }
        }
        assertTrue(read > 0, "some mutants are still JSON");
    }

    @Test
    void readsWhatTheWriterWrites() throws Exception {
        String awkward = "\"\\/\n\r\t\u0001\u007fé\uD83D\uDE00";
        byte[] text = new JsonWriter()
                .object()
                .member("s", awkward)
                .member(awkward, Long.MIN_VALUE)
                .member("t", true)
                .member("l", List.of("a", awkward))
                .member("m", Map.of("k", awkward))
                .array("os")
                .object()
                .end()
                .object()
                .member("x", 1)
                .end()
                .end()
                .object("o")
                .end()
                .end()
                .bytes();
        JsonObject object = JsonObject.read(text);
        assertEquals(awkward, object.requiredString("s"));
        assertEquals(Long.MIN_VALUE, object.requiredNumber(awkward));
        assertTrue(object.flag("t"));
        assertEquals(List.of("a", awkward), object.strings("l"));
        assertEquals(Map.of("k", awkward), object.stringMap("m"));
        assertEquals(1, object.objects("os").get(1).requiredNumber("x"));
        assertTrue(object.object("o").isPresent());
    }

    @Test
    void writerRefusesToHandOutAnUnfinishedDocument() {
        assertThrows(
                IllegalStateException.class, () -> new JsonWriter().object().toString());
    }

    private static JsonObject read(String text) throws JsonException {
        return JsonObject.read(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertMessage(String message, org.junit.jupiter.api.function.Executable action) {
        assertEquals(message, assertThrows(JsonException.class, action).getMessage());
    }
}
