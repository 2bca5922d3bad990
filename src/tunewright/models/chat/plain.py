"""A chat template of our own, for decoders that come without one: plain words, and the model's own token of ending."""

PLAIN = """\
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
{{ message.content }}{{ eos_token }}{{ '\\n' }}
{%- elif message.role == 'user' -%}
{{ bos_token if loop.first else '' }}Question: {{ message.content }}{{ '\\nAnswer:\\n' }}
{%- else -%}
{{ bos_token if loop.first else '' }}{{ message.role | capitalize }}: {{ message.content }}{{ '\\n' }}
{%- endif -%}
{%- endfor -%}
"""
