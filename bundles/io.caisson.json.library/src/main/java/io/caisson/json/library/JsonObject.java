package io.caisson.json.library;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object that was read. A member whose value is {@code null} counts as absent, for that is how Go programs write
 * an empty list. Every accessor throws {@link JsonException} when the member has another type than the one asked for.
 */
public final class JsonObject {
    /** Stands for {@code null}, so that a name given twice is noticed even then. */
    static final Object NULL = new Object();

    private final Map<String, Object> members;
    private final String path;

    JsonObject(Map<String, Object> members, String path) {
        this.members = members;
        this.path = path;
    }

    /**
     * Reads a document that is one object.
     *
     * @param utf8 the whole document; its length is for the caller to bound
     * @throws JsonException when it is anything but one JSON object, with the offset of the first byte that is wrong
     */
    public static JsonObject read(byte[] utf8) throws JsonException {
        return new JsonParser(utf8).document();
    }

    /** The names of all members, in the document's order, those that are {@code null} included. */
    public Set<String> names() {
        return Collections.unmodifiableSet(members.keySet());
    }

    /** Whether there is such a member and it is not {@code null}. */
    public boolean has(String name) {
        return find(name) != null;
    }

    /** A string. */
    public Optional<String> string(String name) throws JsonException {
        return Optional.ofNullable(find(name, String.class, "a string"));
    }

    /** A string that must be there. */
    public String requiredString(String name) throws JsonException {
        return required(name, find(name, String.class, "a string"));
    }

    /** A whole number, written without fraction and exponent. */
    public OptionalLong number(String name) throws JsonException {
        Long value = find(name, Long.class, "a whole number");
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /** A whole number that must be there. */
    public long requiredNumber(String name) throws JsonException {
        return required(name, find(name, Long.class, "a whole number"));
    }

    /** A truth value; false when absent. */
    public boolean flag(String name) throws JsonException {
        Boolean value = find(name, Boolean.class, "true or false");
        return value != null && value;
    }

    /** An object. */
    public Optional<JsonObject> object(String name) throws JsonException {
        Object value = find(name);
        return value == null ? Optional.empty() : Optional.of(asObject(value, name));
    }

    /** An object that must be there. */
    public JsonObject requiredObject(String name) throws JsonException {
        return asObject(required(name, find(name)), name);
    }

    /** An array of objects; empty when absent. */
    public List<JsonObject> objects(String name) throws JsonException {
        List<?> elements = elements(name);
        var objects = new ArrayList<JsonObject>(elements.size());
        for (int i = 0; i < elements.size(); i++) {
            objects.add(asObject(elements.get(i), name + "[" + i + "]"));
        }
        return objects;
    }

    /** An array of strings; empty when absent. */
    public List<String> strings(String name) throws JsonException {
        List<?> elements = elements(name);
        var strings = new ArrayList<String>(elements.size());
        for (int i = 0; i < elements.size(); i++) {
            strings.add(as(elements.get(i), name + "[" + i + "]", String.class, "a string"));
        }
        return strings;
    }

    /** An object all of whose members are strings, in the document's order; empty when absent. */
    public Map<String, String> stringMap(String name) throws JsonException {
        Optional<JsonObject> object = object(name);
        if (object.isEmpty()) {
            return Map.of();
        }
        var strings = new LinkedHashMap<String, String>();
        for (String key : object.get().members.keySet()) {
            strings.put(key, object.get().requiredString(key));
        }
        return strings;
    }

    /** A failure that names a member of this object. */
    public JsonException failure(String name, String problem) {
        return new JsonException(path + name + ": " + problem);
    }

    private List<?> elements(String name) throws JsonException {
        List<?> elements = find(name, List.class, "an array");
        return elements == null ? List.of() : elements;
    }

    private @Nullable Object find(String name) {
        Object value = members.get(name);
        return value == NULL ? null : value;
    }

    private <T> @Nullable T find(String name, Class<T> type, String expected) throws JsonException {
        Object value = find(name);
        return value == null ? null : as(value, name, type, expected);
    }

    private <T> T required(String name, @Nullable T value) throws JsonException {
        if (value == null) {
            throw failure(name, "missing");
        }
        return value;
    }

    @SuppressWarnings("unchecked")
    private JsonObject asObject(Object value, String name) throws JsonException {
        return new JsonObject((Map<String, Object>) as(value, name, Map.class, "an object"), path + name + ".");
    }

    private <T> T as(Object value, String name, Class<T> type, String expected) throws JsonException {
        if (!type.isInstance(value)) {
            throw failure(name, "not " + expected);
        }
        return type.cast(value);
    }
}
