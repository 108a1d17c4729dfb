{#- True where a sale keeps a margin of at least `at_least_percent` percent of what is paid, after
    `discount_percent` percent off. Never null: without price or cost there is no margin to give
    away. It multiplies instead of dividing, so a price of 0 is no error. -#}
{% macro margin_gate(price, cost, at_least_percent, discount_percent=0) -%}
    {%- for percent in [at_least_percent, discount_percent] if percent is not number -%}
        {{ exceptions.raise_compiler_error(
            "margin_gate(): `" ~ percent ~ "` is not a number. fix: write at_least_percent=30"
        ) }}
    {%- endfor -%}
    coalesce(
            {{ price }} * {{ 100 - discount_percent }} > 0
            and 100 * ({{ price }} * {{ 100 - discount_percent }} - 100 * {{ cost }})
            >= {{ at_least_percent }} * {{ price }} * {{ 100 - discount_percent }},
            false
        )
{%- endmacro %}
