package io.caisson.image.store.provider;

import io.caisson.image.api.ImageStore;
import io.caisson.image.testkit.ImageStoreContract;
import java.nio.file.Path;

class LocalImageStoreContractTest extends ImageStoreContract {
    @Override
    protected ImageStore open(Path directory) {
        return new LocalImageStore(directory, new RecordedLog().logger());
    }
}
