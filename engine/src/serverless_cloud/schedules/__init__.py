"""Schedules: rate, cron and at; the timer that keeps them; the targets of EventBridge Scheduler. No moto."""
