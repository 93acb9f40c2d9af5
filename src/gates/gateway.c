#include "gates/gateway.h"

struct gh_access_keys *gh_gateway_hold_access_keys(struct gh_gateway *gateway)
{
	pthread_mutex_lock(&gateway->lock);
	struct gh_access_keys *keys = gateway->access_keys;
	gh_cached_hold(&keys->cached);
	pthread_mutex_unlock(&gateway->lock);
	return keys;
}

struct gh_data_key *gh_gateway_hold_deployment_key(struct gh_gateway *gateway)
{
	pthread_mutex_lock(&gateway->lock);
	struct gh_data_key *key = gateway->deployment_key;
	gh_cached_hold(&key->cached);
	pthread_mutex_unlock(&gateway->lock);
	return key;
}

void gh_gateway_set_access_keys(struct gh_gateway *gateway, struct gh_access_keys *keys)
{
	pthread_mutex_lock(&gateway->lock);
	struct gh_access_keys *old = gateway->access_keys;
	gateway->access_keys = keys;
	pthread_mutex_unlock(&gateway->lock);
	gh_cached_release(old ? &old->cached : NULL);
}

void gh_gateway_set_deployment_key(struct gh_gateway *gateway, struct gh_data_key *key)
{
	pthread_mutex_lock(&gateway->lock);
	struct gh_data_key *old = gateway->deployment_key;
	gateway->deployment_key = key;
	pthread_mutex_unlock(&gateway->lock);
	gh_cached_release(old ? &old->cached : NULL);
}
