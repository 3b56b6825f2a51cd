// A key and a certificate for localhost that only tests know and nobody trusts: whoever wants to
// is told to, by the certificate itself.

export const tlsCertificate = `\
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUaPhIz4BsjkpY4VmTjDod4NHMh9YwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjA5MTYyNloYDzIxMjYxMTAy
MDkxNjI2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQr7J3Jo4EbRRy3l36NJj+C6yMgEqL4+setKlG7p5JNafiVcnFXSTsx
D0A+hkzO7MIwvv5m6dwIkh+RJ+SKSyamo28wbTAdBgNVHQ4EFgQUZo6YWuPm8OI7
RcUYZ3f6+1lLjpwwHwYDVR0jBBgwFoAUZo6YWuPm8OI7RcUYZ3f6+1lLjpwwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAJVTeL6h1kRD/EZKvRd8epeU6yQlkv8ZQKOYsfbI5GZKAiBo
po8q0Q34ZiPBqH6SILELpNtsSAvniXJ4gaBWfBkF8Q==
-----END CERTIFICATE-----
`;

export const tlsKey = `\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4vtL55UZALlmLn3I
Lot/i8wJknghLbzblTSMM6wjxHyhRANCAAQr7J3Jo4EbRRy3l36NJj+C6yMgEqL4
+setKlG7p5JNafiVcnFXSTsxD0A+hkzO7MIwvv5m6dwIkh+RJ+SKSyam
-----END PRIVATE KEY-----
`;
