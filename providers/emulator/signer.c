/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

void signer_release(struct signer *signer)
{
	EVP_PKEY_free(signer->key);
	signer->key = NULL;
}

static void need_key(struct signer *signer)
{
	unsigned char *der = NULL;
	struct arena *arena;
	int len;

	if (signer->key != NULL)
		return;
	signer->key = EVP_RSA_gen(JWT_KEY_BITS);
	len = signer->key != NULL ? i2d_PUBKEY(signer->key, &der) : 0;
	if (len <= 0)
		abort(); /* for want of memory or of randomness */
	arena = arena_new();
	memcpy(signer->kid, sha256_hex(arena, der, (size_t)len), sizeof(signer->kid));
	arena_free(arena);
	OPENSSL_free(der);
}

const char *signer_sign(struct signer *signer, struct arena *arena, const json_t *claims)
{
	need_key(signer);
	return jwt_sign(arena, signer->key, signer->kid, claims);
}

bool signer_verify(const struct signer *signer, const struct jwt *jwt)
{
	return signer->key != NULL && jwt_verify(jwt, signer->key);
}

static const char *number(struct arena *arena, const EVP_PKEY *key, const char *name)
{
	unsigned char bytes[JWT_KEY_BITS / 8];
	BIGNUM *value = NULL;
	int len = 0;

	if (EVP_PKEY_get_bn_param(key, name, &value) == 1 &&
		BN_num_bytes(value) <= (int)sizeof(bytes))
		len = BN_bn2bin(value, bytes);
	BN_free(value);
	return base64url(arena, bytes, (size_t)len);
}

json_t *signer_jwks(struct signer *signer, struct arena *arena)
{
	need_key(signer);
	return json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:s}]}", "keys", "kty", "RSA", "use", "sig",
		"alg", "RS256", "kid", signer->kid, "x5t", signer->kid, "n",
		number(arena, signer->key, OSSL_PKEY_PARAM_RSA_N), "e",
		number(arena, signer->key, OSSL_PKEY_PARAM_RSA_E));
}
