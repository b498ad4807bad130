package io.caisson.container.provider;

import io.caisson.container.api.ProcessSpec;
import io.caisson.guest.api.GuestProcessSpec;
import io.caisson.image.api.ImageConfig;
import io.caisson.json.library.JsonException;
import io.caisson.json.library.JsonObject;
import io.caisson.json.library.JsonWriter;
import io.caisson.service.api.CaissonException;
import io.caisson.service.api.ErrorKind;
import java.util.ArrayList;
import java.util.List;

/**
 * What a container's processes start with unless they say otherwise.
 *
 * @param env {@code NAME=value} each; of two with one name the later counts
 * @param workingDirectory absolute
 * @param user {@code ""}, {@code name}, {@code uid}, {@code name:group} or {@code uid:gid}
 */
record ProcessDefaults(List<String> env, String workingDirectory, String user) {
    ProcessDefaults {
        env = List.copyOf(env);
    }

    /** An image's. */
    static ProcessDefaults of(ImageConfig config) {
        return new ProcessDefaults(config.env(), config.workingDirectory(), config.user());
    }

    /** These, overridden by what a container's first process was given: its later ones start with the result. */
    ProcessDefaults with(ProcessSpec spec) {
        var all = new ArrayList<>(env);
        all.addAll(spec.env());
        return new ProcessDefaults(
                all,
                spec.workingDirectory().orElse(workingDirectory),
                spec.user().orElse(user));
    }

    /** The process as the guest is told of it. */
    GuestProcessSpec process(List<String> args, ProcessSpec spec) {
        ProcessDefaults merged = with(spec);
        var process = GuestProcessSpec.builder(args)
                .env(merged.env)
                .cwd(merged.workingDirectory)
                .user(merged.user)
                .stdin(spec.stdin());
        spec.terminal()
                .ifPresent(size -> process.terminal(new GuestProcessSpec.TerminalSize(size.rows(), size.columns())));
        return process.build();
    }

    /** A further process of a container; its arguments are the whole command. */
    GuestProcessSpec further(ProcessSpec spec) {
        if (spec.args().isEmpty()) {
            throw new CaissonException(ErrorKind.INVALID_ARGUMENT, "no command to execute was given");
        }
        return process(spec.args(), spec);
    }

    void writeTo(JsonWriter json, String name) {
        json.object(name)
                .member("env", env)
                .member("workingDirectory", workingDirectory)
                .member("user", user)
                .end();
    }

    static ProcessDefaults read(JsonObject json) throws JsonException {
        return new ProcessDefaults(
                json.strings("env"), json.requiredString("workingDirectory"), json.requiredString("user"));
    }
}
