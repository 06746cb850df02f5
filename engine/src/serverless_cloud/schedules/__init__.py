"""Schedules: rate, cron and at; the timer that keeps them; what EventBridge Scheduler calls. No moto."""
