//! A listener whose behaviour a test changes: for what is no HTTP.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is done with a connection.
type Behaviour = dyn Fn(TcpStream) + Send + Sync;

/// Accepts on the loopback interface.
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    behaviour: Arc<Mutex<Arc<Behaviour>>>,
}

impl Listener {
    pub fn start(behaviour: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), behaviour)
    }

    pub fn on(listener: TcpListener, behaviour: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let behaviour: Arc<Mutex<Arc<Behaviour>>> = Arc::new(Mutex::new(Arc::new(behaviour)));
        let shared = Arc::clone(&behaviour);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                let behaviour = Arc::clone(&shared.lock().unwrap());
                std::thread::spawn(move || behaviour(stream));
            }
        });
        Self { address, behaviour }
    }

    pub fn behave(&self, behaviour: impl Fn(TcpStream) + Send + Sync + 'static) {
        *self.behaviour.lock().unwrap() = Arc::new(behaviour);
    }
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
