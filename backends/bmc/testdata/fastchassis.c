/*
 * A chassis for OpenIPMI's ipmi_sim that lives in memory: its own chassis_control
 * script is forked for every read of the power state, and then the simulator is
 * what gets measured. Built and loaded by .ci/bmcs; needs libopenipmi-dev.
 *
 *   loadlib "fastchassis.so" "on soft=3"
 *
 * "on" or "off" is the power to begin with, soft=SECONDS how long a soft
 * shutdown takes.
 */
#include <string.h>
#include <stdio.h>
#include <time.h>
#include <OpenIPMI/mcserv.h>

static unsigned char power, boot = 2; /* 2: no override */
static time_t soft_at;
static int soft_delay;

static int set(lmc_data_t *mc, int op, unsigned char *v, void *cb)
{
	(void)mc;
	(void)cb;
	switch (op) {
	case CHASSIS_CONTROL_POWER:
		power = !!*v;
		soft_at = 0;
		return 0;
	case CHASSIS_CONTROL_RESET:
		return power ? 0 : 22;
	case CHASSIS_CONTROL_BOOT:
		boot = *v;
		return 0;
	case CHASSIS_CONTROL_GRACEFUL_SHUTDOWN:
		if (soft_delay)
			soft_at = time(NULL) + soft_delay;
		else
			power = 0;
		return 0;
	case CHASSIS_CONTROL_BOOT_INFO_ACK:
	case CHASSIS_CONTROL_IDENTIFY:
		return 0;
	}
	return 22;
}

static int get(lmc_data_t *mc, int op, unsigned char *v, void *cb)
{
	(void)mc;
	(void)cb;
	if (soft_at && time(NULL) >= soft_at) {
		power = 0;
		soft_at = 0;
	}
	switch (op) {
	case CHASSIS_CONTROL_POWER:
		*v = power;
		return 0;
	case CHASSIS_CONTROL_BOOT:
		*v = boot;
		return 0;
	}
	return 22;
}

int ipmi_sim_module_print_version(sys_data_t *sys, const char *options)
{
	(void)sys;
	(void)options;
	printf("fastchassis 1\n");
	return 0;
}

int ipmi_sim_module_init(sys_data_t *sys, const char *options)
{
	const char *soft;

	(void)sys;
	if (!options)
		return 0;
	power = strstr(options, "on") != NULL;
	soft = strstr(options, "soft=");
	if (soft)
		sscanf(soft, "soft=%d", &soft_delay);
	return 0;
}

int ipmi_sim_module_post_init(sys_data_t *sys)
{
	lmc_data_t *mc = sys->ipmb_addrs[0x20];

	if (mc)
		ipmi_mc_set_chassis_control_func(mc, set, get, NULL);
	return 0;
}
