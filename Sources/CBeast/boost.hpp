#pragma once

// Every file includes Boost through this one, so that all see the same definitions.

// Boost 1.81's chunk parser asserts that an empty chunked body does not end between packets and would end the process
// (github.com/boostorg/beast/pull/2861); without assertions that path is right.
#define BOOST_DISABLE_ASSERTS
#define BOOST_ASIO_NO_DEPRECATED

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

namespace verbatim {
namespace net = boost::asio;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;
using string_view = boost::beast::string_view;
using tcp = net::ip::tcp;

// Concrete executors: the default, type-erased one costs an allocation and a virtual call an operation.
using Executor = net::io_context::executor_type;
using Socket = net::basic_stream_socket<tcp, Executor>;
using Acceptor = net::basic_socket_acceptor<tcp, Executor>;
using Clock = std::chrono::steady_clock;
using Timer = net::basic_waitable_timer<Clock, net::wait_traits<Clock>, Executor>;
}
