// What each part of the binding hangs on the exports.
#pragma once

#include <napi.h>

namespace ndts::binding {

void init_ring(Napi::Env env, Napi::Object exports);
void init_slot_ring(Napi::Env env, Napi::Object exports);
void init_ring_bell(Napi::Env env, Napi::Object exports);
void init_fabric(Napi::Env env, Napi::Object exports);
void init_block_server(Napi::Env env, Napi::Object exports);
void init_block_reader(Napi::Env env, Napi::Object exports);
void init_clean(Napi::Env env, Napi::Object exports);
void init_factor(Napi::Env env, Napi::Object exports);
void init_factor_program(Napi::Env env, Napi::Object exports);
void init_line(Napi::Env env, Napi::Object exports);
void init_csv(Napi::Env env, Napi::Object exports);

}  // namespace ndts::binding
