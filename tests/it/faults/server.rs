//! A back end whose behaviour a test changes while somebody is connected: raw
//! sockets, so that it can break every rule of HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One good answer.
pub const GOOD: &str = r#"{"code":200,"msg":"ok","data":{"records":[
    {"id":"E1","title":"路灯不亮","reportedAt":"2025-08-15 09:00:00","stage":"收集","lon":120.7,"lat":31.3}],"total":1}}"#;

/// What the server does with a connection and its request: the head, and the
/// body behind it.
pub type Behaviour = dyn Fn(&mut TcpStream, &str) + Send + Sync;

/// A loopback server of raw sockets.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    behaviour: Arc<Mutex<Arc<Behaviour>>>,
    /// All requests so far, each with its body.
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(behaviour: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), Arc::new(behaviour))
    }

    pub fn listen(address: SocketAddr, behaviour: Arc<Behaviour>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Mutex::new(behaviour));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (shared, seen) = (Arc::clone(&behaviour), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                let behaviour = Arc::clone(&shared.lock().unwrap());
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || {
                    let head = read_request(&mut stream);
                    seen.lock().unwrap().push(head.clone());
                    behaviour(&mut stream, &head);
                });
            }
        });
        Self { address, behaviour, requests }
    }

    pub fn behave(&self, behaviour: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) {
        *self.behaviour.lock().unwrap() = Arc::new(behaviour);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests began like this.
    pub fn count(&self, beginning: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|head| head.starts_with(beginning)).count()
    }

    pub fn saw(&self, words: &str) -> bool {
        self.requests.lock().unwrap().iter().any(|head| head.to_lowercase().contains(&words.to_lowercase()))
    }
}

pub fn read_request(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head).to_lowercase();
    let length = text.split("content-length:").nth(1).and_then(|rest| rest.split_whitespace().next());
    let length: u64 = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    // Closed with a body unread, a connection is reset.
    _ = stream.take(length).read_to_end(&mut head);
    String::from_utf8_lossy(&head).into_owned()
}

/// Answers with status, further header lines and body.
pub fn reply(status: &str, headers: &str, body: &[u8]) -> impl Fn(&mut TcpStream, &str) + Send + Sync + 'static {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    let answer = [head.as_bytes(), body].concat();
    move |stream, _| _ = stream.write_all(&answer)
}

/// Answers well.
pub fn good() -> impl Fn(&mut TcpStream, &str) + Send + Sync + 'static {
    reply("200 OK", "Content-Type: application/json\r\n", GOOD.as_bytes())
}

/// Waits until the other side gives up.
pub fn hold(stream: &mut TcpStream) {
    let mut rest = [0; 64];
    while stream.read(&mut rest).is_ok_and(|read| read > 0) {}
}
