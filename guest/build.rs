//! Generates the gRPC service and its messages from the contract in `proto/`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contract = "caisson/guest/v1/guest.proto";
    println!("cargo:rerun-if-changed=proto/{contract}");
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .compile_fds(protox::compile([contract], ["proto"])?)?;
    Ok(())
}
