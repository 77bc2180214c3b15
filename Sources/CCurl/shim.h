#pragma once
#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

// Swift does not call functions of variable arguments; here they are with one type each.

static inline CURLcode curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curl_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curl_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode curl_set_fields(CURL *easy, struct curl_slist *fields) {
  return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
}

typedef size_t (*curl_receiver)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode curl_set_receivers(CURL *easy, curl_receiver head, curl_receiver body, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
  if (code == CURLE_OK) code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
  return code;
}

static inline CURLcode curl_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

// A member of a union, which Swift sees as bytes.
static inline CURLcode curl_message_result(const CURLMsg *message) { return message->data.result; }

static inline CURLcode curl_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(easy, info, value);
}

typedef int (*curl_socket_watcher)(CURL *easy, curl_socket_t socket, int events, void *context, void *socket_context);
typedef int (*curl_timer)(CURLM *multi, long milliseconds, void *context);

static inline CURLMcode curl_multi_set_watchers(
    CURLM *multi, curl_socket_watcher watcher, curl_timer timer, void *context) {
  CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watcher);
  if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
  if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
  if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
  return code;
}

// What a descriptor is ready for, as epoll says it in the packed form that Swift would have to take apart.
struct curl_ready {
  int descriptor;
  uint32_t events;
};

static inline int curl_epoll_watch(int queue, int operation, int descriptor, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = descriptor}};
  return epoll_ctl(queue, operation, descriptor, &event);
}

enum { curl_most_ready = 256 };

// Gives how many there are; 0 also when a signal came.
static inline int curl_epoll_wait(int queue, struct curl_ready *ready, int milliseconds) {
  struct epoll_event events[curl_most_ready];
  int count = epoll_wait(queue, events, curl_most_ready, milliseconds);
  for (int i = 0; i < count; i++) {
    ready[i].descriptor = events[i].data.fd;
    ready[i].events = events[i].events;
  }
  return count < 0 ? 0 : count;
}
