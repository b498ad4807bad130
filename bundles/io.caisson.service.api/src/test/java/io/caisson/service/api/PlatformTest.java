package io.caisson.service.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {
    @ParameterizedTest
    @CsvSource({
        "amd64, linux/amd64",
        "linux/x86_64, linux/amd64",
        "x86-64, linux/amd64",
        "Linux/AArch64, linux/arm64",
        "linux/arm64/v8, linux/arm64",
        "linux/arm64/v8.2, linux/arm64/v8.2",
        "linux/ARM/V7, linux/arm/v7",
        "linux/i686, linux/386",
        "windows/amd64, windows/amd64",
        "linux/ppc64le/power_9, linux/ppc64le/power_9"
    })
    void knowsOnePlatformUnderAllItsNames(String text, String normal) {
        assertEquals(normal, Platform.parse(text).toString());
        assertEquals(Platform.parse(normal), Platform.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/amd64",
                "linux/",
                "linux/amd64/v1/x",
                "linux/am d64",
                "linux/amd64\n",
                "linux/arm/v7-",
                "línux/amd64",
                "linux/\u0430md64",
                "lin`x/amd64",
                "linux/a{b"
            })
    void refusesWhatNamesNoPlatform(String text) {
        assertEquals(
                ErrorKind.INVALID_ARGUMENT,
                assertThrows(CaissonException.class, () -> Platform.parse(text)).kind());
    }

    @Test
    void hasTheHostAsALinux() {
        assertEquals("linux", Platform.host().os());
    }
}
