package io.caisson.image.library;

/** Media types of image content (OCI image-spec v1.1, "OCI Image Media Types", with Docker's schema 2 equivalents). */
public final class MediaTypes {
    /** OCI image index. */
    public static final String INDEX = "application/vnd.oci.image.index.v1+json";

    /** OCI image manifest. */
    public static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    /** OCI image configuration. */
    public static final String CONFIG = "application/vnd.oci.image.config.v1+json";

    /** OCI layer, an uncompressed tar archive. */
    public static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    /** Content of which nothing is known. */
    public static final String UNKNOWN = "application/octet-stream";

    private static final String DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json";
    private static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    private static final String DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

    private MediaTypes() {}

    /** Whether content of this type lists manifests. */
    public static boolean isIndex(String mediaType) {
        return mediaType.equals(INDEX) || mediaType.equals(DOCKER_INDEX);
    }

    /** Whether content of this type is one image's or artefact's manifest. */
    public static boolean isManifest(String mediaType) {
        return mediaType.equals(MANIFEST) || mediaType.equals(DOCKER_MANIFEST);
    }

    /** Whether content of this type says how to run an image; another configuration belongs to another artefact. */
    public static boolean isImageConfig(String mediaType) {
        return mediaType.equals(CONFIG) || mediaType.equals(DOCKER_CONFIG);
    }
}
