package io.caisson.image.library;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.caisson.service.api.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformChoiceTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "linux/amd64 | linux/arm64 linux/amd64 | 1",
                "linux/amd64 | windows/amd64 | -1",
                "linux/amd64 | linux/amd64/v2 linux/amd64/v1 | 1",
                "linux/amd64 | linux/amd64/v2 | -1",
                "linux/amd64/v3 | linux/amd64 linux/amd64/v2 linux/amd64/v4 | 1",
                "linux/arm | linux/arm/v5 linux/arm/v7 linux/arm/v6 | 1",
                "linux/arm/v7 | linux/arm/v5 linux/arm/v6 | 1",
                "linux/arm/v6 | linux/arm/v7 linux/arm/v5 | 1",
                "linux/arm/v6 | linux/arm/v7 linux/arm | -1",
                "linux/arm64 | linux/arm64/v8 | 0",
                "linux/arm64/v9 | linux/arm64/v8 linux/arm64/v8.2 linux/arm64/v8.1 | 1",
                "linux/arm64 | linux/arm64/v8.1 | -1",
                "linux/s390x | linux/s390x | 0",
                "linux/ppc64le | linux/ppc64le/power9 linux/ppc64le | 1",
                "linux/ppc64le/power9 | linux/ppc64le/power9 linux/ppc64le | 0",
                "linux/amd64 | linux/amd64/vx linux/amd64/v1.2.3 linux/amd64/fast linux/amd64/v123 | -1",
                "linux/amd64 | linux/amd64 linux/amd64 | 0"
            })
    void takesTheLatestThatRuns(String wanted, String offered, int best) {
        var platforms = new ArrayList<Platform>();
        for (String platform : offered.split(" ", -1)) {
            platforms.add(Platform.parse(platform));
        }
        assertEquals(
                best < 0 ? OptionalInt.empty() : OptionalInt.of(best),
                PlatformChoice.best(platforms, Platform.parse(wanted)));
    }

    @Test
    void takesNothingFromNothing() {
        assertEquals(OptionalInt.empty(), PlatformChoice.best(List.of(), Platform.linux("amd64")));
    }
}
